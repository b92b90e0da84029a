import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** An exact replacement in a file of tfjs-node's `binding/`. */
interface Patch {
  readonly file: "tfjs_backend.cc" | "tfjs_backend.h" | "tfjs_binding.cc";
  readonly from: string;
  readonly to: string;
}

/**
 * Changes to tfjs-node's sources. They add a lock to the set of attribute names, which all Workers of a process write and two
 * of them could corrupt. They also add our own kernels (`native/`) as an export `graftKernels`.
 */
const PATCHES: readonly Patch[] = [
  { file: "tfjs_backend.cc", from: "#include <memory>", to: "#include <memory>\n#include <mutex>" },
  {
    file: "tfjs_backend.cc",
    from: "static std::set<std::string> ATTR_NAME_SET;",
    to: [
      "static std::mutex ATTR_NAME_LOCK;",
      "static std::set<std::string> ATTR_NAME_SET;",
      "static const char *KeepAttrName(const std::string &name) {",
      "  std::lock_guard<std::mutex> lock(ATTR_NAME_LOCK);",
      "  return ATTR_NAME_SET.insert(name).first->c_str();",
      "}",
    ].join("\n"),
  },
  {
    file: "tfjs_backend.cc",
    from: "ATTR_NAME_SET.insert(attr_name_string.c_str()).first->c_str();",
    to: "KeepAttrName(attr_name_string);",
  },
  { file: "tfjs_backend.h", from: " private:\n", to: " public:\n" },
  {
    file: "tfjs_binding.cc",
    from: '#include "tfjs_backend.h"',
    to: '#include "graft_kernels.h"\n#include "tfjs_backend.h"',
  },
  {
    file: "tfjs_binding.cc",
    from: "static napi_value IsUsingGPUDevice(",
    to: '#include "graft_export.inc"\n\nstatic napi_value IsUsingGPUDevice(',
  },
  {
    file: "tfjs_binding.cc",
    from: '      {"getNumOfTensors",',
    to: '      {"graftKernels", nullptr, Graft, nullptr, nullptr, nullptr, napi_default, nullptr},\n      {"getNumOfTensors",',
  },
];

/** Returns the folder of our own sources, which are compiled together with tfjs-node's. */
function ownSources(): string {
  return join(dirname(createRequire(import.meta.url).resolve("@graftjs/backend-node/package.json")), "native");
}

/** Members of the wheel that are needed to compile the binding. */
export const HEADERS: readonly string[] = [
  "tensorflow/include/tensorflow/c/",
  "tensorflow/include/tensorflow/core/platform/",
  "tensorflow/include/tsl/",
];

/** Compiler flags of every build of the binding. */
export const BINDING_FLAGS: readonly string[] = [
  "-O3",
  "-std=c++17",
  "-shared",
  "-fPIC",
  "-DNDEBUG",
  // The warning does not apply: only inlined functions pass vectors to each other.
  "-Wno-psabi",
  "-DNAPI_VERSION=8",
  "-DBUILDING_NODE_EXTENSION",
];

/** Linker flags on Linux. They keep a Worker that ends from unloading code in which our threads wait for work. */
export const LINUX_LINKING: readonly string[] = ["-Wl,-z,nodelete"];

/**
 * Patches the sources in `folder` (tfjs-node's `binding/`) in place and copies ours into the same folder.
 *
 * @throws Error if a patch does not match exactly once.
 */
export function patchBindingSources(folder: string): void {
  for (const { file, from, to } of PATCHES) {
    const path = join(folder, file);
    const text = readFileSync(path, "utf8");
    if (text.split(from).length !== 2) throw new Error(`The patch "${from}" does not fit ${path} exactly once.`);
    writeFileSync(
      path,
      text.replace(from, () => to),
    );
  }
  cpSync(ownSources(), folder, { recursive: true });
}

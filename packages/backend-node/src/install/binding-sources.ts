import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** One exact replacement in a file of tfjs-node's `binding/`. */
interface Patch {
  readonly from: string;
  readonly to: string;
}

/**
 * The one change to tfjs-node's sources: the set of attribute names is shared by all Workers of a process and is written
 * without a lock, so that two of them can corrupt it.
 */
const PATCHES: readonly Patch[] = [
  { from: "#include <memory>", to: "#include <memory>\n#include <mutex>" },
  {
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
  { from: "ATTR_NAME_SET.insert(attr_name_string.c_str()).first->c_str();", to: "KeepAttrName(attr_name_string);" },
];

/** Compiler flags that every build of the binding shares. */
export const BINDING_FLAGS: readonly string[] = [
  "-O2",
  "-std=c++17",
  "-shared",
  "-fPIC",
  "-DNDEBUG",
  "-DNAPI_VERSION=8",
  "-DBUILDING_NODE_EXTENSION",
];

/** Patches the sources in `folder` (tfjs-node's `binding/`) in place. Throws where one does not fit exactly once. */
export function patchBindingSources(folder: string): void {
  const path = join(folder, "tfjs_backend.cc");
  let text = readFileSync(path, "utf8");
  for (const { from, to } of PATCHES) {
    if (text.split(from).length !== 2) throw new Error(`The patch "${from}" does not fit ${path} exactly once.`);
    text = text.replace(from, to);
  }
  writeFileSync(path, text);
}

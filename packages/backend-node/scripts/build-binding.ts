/**
 * Builds the N-API binding that this package ships, for Linux x64 and arm64, from tfjs-node's published sources.
 *
 *   tsx scripts/build-binding.ts            writes prebuilt/linux-*.node and prebuilt/sums.json
 *   tsx scripts/build-binding.ts --check    builds into a temporary folder and compares with the committed files
 *
 * Needs npm and a Python with pip and venv. All downloads are pinned: tfjs-node and node-api-headers by npm's integrity, the
 * TensorFlow headers by the wheel's sha256, the compiler by version. The binding is linked against empty libraries with TensorFlow's
 * sonames, so that one file serves every TensorFlow from 2.12 to 2.21. It needs glibc 2.17 or newer.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BINDING_FLAGS, HEADERS, LINUX_LINKING, patchBindingSources } from "../src/install/binding-sources.ts";
import { checkFile } from "../src/install/checksum.ts";
import { NODE_API_HEADERS, npmPackage, TFJS_NODE } from "../src/install/npm-package.ts";
import { unpackWheel } from "../src/install/unpack.ts";
import { WHEELS } from "../src/install/wheels.ts";
import { sumOfSources } from "./binding-sum.ts";

const COMPILER = "ziglang==0.13.0";
const TARGETS = { "linux-x64": "x86_64-linux-gnu.2.17", "linux-arm64": "aarch64-linux-gnu.2.17" };
/** The module that loads the CUDA build without its usual lines. CUDA exists for x64 only. */
const QUIET = "linux-x64-quiet";
const FILES: readonly string[] = [...Object.keys(TARGETS), QUIET];

const prebuilt = join(dirname(fileURLToPath(import.meta.url)), "..", "prebuilt");
const work = mkdtempSync(join(tmpdir(), "graft-binding-"));
try {
  const sources = sumOfSources();
  const built = await build(work);
  const sums: Readonly<Record<string, string>> = {
    ...Object.fromEntries(FILES.map((target) => [target, sumOf(join(built, `${target}.node`))])),
    sources,
  };
  if (process.argv.includes("--check")) {
    const committed: Record<string, string> = JSON.parse(readFileSync(join(prebuilt, "sums.json"), "utf8"));
    const different = Object.keys(sums).filter((name) => committed[name] !== sums[name]);
    if (different.length > 0) throw new Error(`Not reproduced: ${different.join(", ")}.`);
    console.log("The committed bindings are what the sources build.");
  } else {
    for (const target of FILES) copyFileSync(join(built, `${target}.node`), join(prebuilt, `${target}.node`));
    writeFileSync(join(prebuilt, "sums.json"), `${JSON.stringify(sums, null, 2)}\n`);
    console.log(sums);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** Downloads, patches and compiles. Returns the folder with one `.node` file per target. */
async function build(folder: string): Promise<string> {
  const sources = join(folder, "tfjs-node");
  const nodeApi = join(folder, "node-api-headers");
  await npmPackage(TFJS_NODE, sources, (path) => path.startsWith("binding/"));
  await npmPackage(NODE_API_HEADERS, nodeApi, (path) => path.startsWith("include/"));
  patchBindingSources(join(sources, "binding"));
  const python = join(folder, "venv", "bin", "python");
  run("python3", ["-m", "venv", join(folder, "venv")]);
  run(python, ["-m", "pip", "install", "--quiet", COMPILER]);
  const headers = await wheelHeaders(python, folder);
  const stub = join(folder, "stub.c");
  writeFileSync(stub, "");
  const code = readdirSync(join(sources, "binding"))
    .filter((name) => name.endsWith(".cc"))
    .sort();
  buildQuiet(python, folder, join(nodeApi, "include"));
  for (const [target, triple] of Object.entries(TARGETS)) {
    const libraries = join(folder, target);
    mkdirSync(libraries);
    for (const name of ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"]) {
      run(python, [
        "-m",
        "ziglang",
        "cc",
        "-target",
        triple,
        "-shared",
        "-o",
        join(libraries, name),
        `-Wl,-soname,${name}`,
        stub,
      ]);
    }
    // Use relative paths and no build id, so that the folder's name does not get into the binary.
    run(
      python,
      [
        "-m",
        "ziglang",
        "c++",
        "-target",
        triple,
        ...BINDING_FLAGS,
        "-s",
        "-Wl,--build-id=none",
        `-I${join(nodeApi, "include")}`,
        `-I${headers}`,
        ...code,
        "-o",
        join(folder, `${target}.node`),
        `-L${libraries}`,
        "-lpthread",
        "-l:libtensorflow_cc.so.2",
        "-l:libtensorflow_framework.so.2",
        "-Wl,-rpath,$ORIGIN",
        "-Wl,--no-as-needed",
        "-Wl,--allow-shlib-undefined",
        ...LINUX_LINKING,
      ],
      join(sources, "binding"),
    );
  }
  return folder;
}

/** Builds `native/quiet`, which is not linked against TensorFlow. */
function buildQuiet(python: string, folder: string, nodeApi: string): void {
  const source = join(dirname(fileURLToPath(import.meta.url)), "..", "native", "quiet");
  const args = ["-O2", "-std=c11", "-shared", "-fPIC", "-s", "-DNAPI_VERSION=8", "-DBUILDING_NODE_EXTENSION"];
  run(
    python,
    [
      ...["-m", "ziglang", "cc", "-target", TARGETS["linux-x64"], ...args, "-Wl,--build-id=none", `-I${nodeApi}`],
      ...["quiet_load.c", "-o", join(folder, `${QUIET}.node`), "-ldl", "-Wl,--allow-shlib-undefined"],
    ],
    source,
  );
}

/** Unpacks TensorFlow's C headers from the pinned wheel. */
async function wheelHeaders(python: string, folder: string): Promise<string> {
  const [wheel] = WHEELS["linux-x64-cpu"];
  if (wheel === undefined) throw new Error("No wheel is pinned for linux-x64-cpu.");
  const platforms = wheel.platforms.map((tag) => `--platform=${tag}`);
  run(python, [
    "-m",
    "pip",
    "download",
    "--quiet",
    "--no-deps",
    "--only-binary=:all:",
    "--python-version=3.11",
    ...platforms,
    `${wheel.project}==${wheel.version}`,
    "-d",
    folder,
  ]);
  await checkFile(join(folder, wheel.file), wheel.sha256);
  await unpackWheel(join(folder, wheel.file), HEADERS, folder);
  return join(folder, "tensorflow", "include");
}

function run(command: string, args: readonly string[], cwd?: string): string {
  return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

function sumOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

import { copyFileSync, existsSync, linkSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { assertSpace, ChecksumError, CompileError } from "../errors.ts";
import { BINDING_FLAGS, LINUX_LINKING, patchBindingSources } from "./binding-sources.ts";
import { BINDING, type Manifest, noteReplaced } from "./cache.ts";
import { sha256 } from "./checksum.ts";
import { NODE_API_HEADERS, npmPackage, TFJS_NODE } from "./npm-package.ts";
import { assertOwnSources } from "./own-sources.ts";
import { run, tail } from "./run.ts";
import type { Target } from "./target.ts";

/** Returns the folder of the bindings that this package ships. */
function prebuiltFolder(): string {
  return join(dirname(createRequire(import.meta.url).resolve("@graftjs/backend-node/package.json")), "prebuilt");
}

/** Says whether a binding for `target` is shipped. Otherwise it must be compiled. */
export function hasPrebuilt(target: Target): boolean {
  return existsSync(prebuiltFile(target));
}

/**
 * Copies the shipped binding into `tree`.
 *
 * @param shipped folder of the shipped bindings and of `sums.json`. @default that of this package
 * @throws ChecksumError if it is not the binding of `sums.json`.
 */
export async function placePrebuilt(target: Target, tree: string, shipped: string = prebuiltFolder()): Promise<void> {
  await copyChecked(target, join(tree, BINDING), shipped);
}

/** Puts a copy of the shipped binding at `to` by one rename. The copy is checked, so that the file cannot change in between. */
async function copyChecked(target: Target, to: string, shipped: string): Promise<void> {
  const [file, fresh] = [join(shipped, `${platformOf(target)}.node`), `${to}.${process.pid}`];
  copyFileSync(file, fresh);
  if ((await sha256(fresh)) === sumsIn(shipped)[platformOf(target)]) return renameSync(fresh, to);
  rmSync(fresh);
  throw new ChecksumError(
    `${file} is not the binding this package was published with.`,
    "Reinstall @graftjs/backend-node, or compile a binding on this machine: npx @graftjs/backend-node install --compile",
  );
}

function sumsIn(shipped: string): Readonly<Record<string, string | undefined>> {
  return JSON.parse(readFileSync(join(shipped, "sums.json"), "utf8")) as Record<string, string>;
}

/** A binding that has taken the place of another one. */
export interface Refreshed {
  /** Removes the old binding. Call it when the new one has computed. */
  keep(): void;
  /** Puts the old binding back. */
  undo(): void;
}

/**
 * Replaces the binding of an install if it is not the shipped one. The replacement is one rename, so that processes that have
 * loaded the old binding keep it.
 *
 * @param shipped folder of the shipped bindings and of `sums.json`. @default that of this package
 * @returns the replacement. Undefined if the install has the shipped binding, or if none is shipped.
 * @throws ChecksumError if the shipped binding is not that of `sums.json`. The install is unchanged then.
 */
export async function refreshPrebuilt(
  target: Target,
  folder: string,
  manifest: Manifest,
  shipped: string = prebuiltFolder(),
): Promise<Refreshed | undefined> {
  const file = join(folder, BINDING);
  if (!hasPrebuilt(target) || (existsSync(file) && (await sha256(file)) === sumsIn(shipped)[platformOf(target)]))
    return undefined;
  const old = `${file}.${process.pid}.old`;
  if (existsSync(file)) linkSync(file, old);
  const keep = (): void => rmSync(old, { force: true });
  const note = (): void => {
    if (BINDING in manifest.files) noteReplaced(folder, manifest, BINDING);
  };
  try {
    await copyChecked(target, file, shipped);
  } catch (error) {
    keep();
    throw error;
  }
  note();
  return {
    keep,
    undo() {
      if (!existsSync(old)) return;
      renameSync(old, file);
      note();
    },
  };
}

/** Returns the compiler's command and arguments: `CXX`, in the form that make reads, or else `c++`. */
function compilerOf(): readonly [command: string, ...args: string[]] {
  const [command, ...args] = (process.env.CXX ?? "").trim().split(/\s+/);
  return command ? [command, ...args] : ["c++"];
}

/**
 * Checks that the compiler can be started. Call it before anything is downloaded for compiling.
 *
 * @throws CompileError if it cannot.
 */
export async function assertCompiler(): Promise<void> {
  const [command, ...args] = compilerOf();
  const { status, stderr } = await run(command, [...args, "--version"]);
  if (status === 0) return;
  throw new CompileError(
    status === 127
      ? `No C++ compiler was found: \`${command}\` cannot be started.`
      : `\`${[command, ...args, "--version"].join(" ")}\` ended with status ${status}. ${tail(stderr)}`.trim(),
    "Install one that supports C++17 (apt-get install g++, xcode-select --install) or name it in CXX. On Linux you can also leave out --compile to use the binding that ships with the package.",
  );
}

/**
 * Compiles the binding into `tree`, from tfjs-node's published sources and TensorFlow's headers in `headers`. The compiler is
 * `CXX`, or else `c++`.
 *
 * @param work folder for temporary files.
 * @throws CompileError if the compiler fails; ChecksumError if a source is not the one that Graft was tested with.
 */
export async function compileBinding(tree: string, headers: string, work: string): Promise<void> {
  const sources = join(work, "tfjs-node");
  const nodeApi = join(work, "node-api-headers");
  await npmPackage(TFJS_NODE, sources, (path) => path.startsWith("binding/"));
  await npmPackage(NODE_API_HEADERS, nodeApi, (path) => path.startsWith("include/"));
  const folder = join(sources, "binding");
  assertOwnSources();
  patchBindingSources(folder);
  const [compiler, ...args] = compilerOf();
  const libraries = readdirSync(join(tree, "tensorflow")).filter((name) =>
    /^libtensorflow_(cc|framework)\./.test(name),
  );
  const mac = process.platform === "darwin";
  const { status, stderr } = await run(compiler, [
    ...args,
    ...BINDING_FLAGS,
    ...(mac ? ["-undefined", "dynamic_lookup"] : ["-s", "-pthread", ...LINUX_LINKING]),
    `-I${join(nodeApi, "include")}`,
    `-I${headers}`,
    ...readdirSync(folder)
      .filter((name) => name.endsWith(".cc"))
      .map((name) => join(folder, name)),
    "-o",
    join(tree, BINDING),
    ...libraries.map((name) => join(tree, "tensorflow", name)),
    `-Wl,-rpath,${mac ? "@loader_path" : "$ORIGIN"}`,
  ]);
  if (status !== 0) {
    assertSpace(stderr);
    throw new CompileError(
      `\`${compiler}\` could not compile the binding:\n${tail(stderr, 12) || `it ended with status ${status}`}`,
      "On Linux, leave out --compile to use the binding that ships with the package. Or name another compiler in CXX.",
    );
  }
}

function prebuiltFile(target: Target): string {
  return join(prebuiltFolder(), `${platformOf(target)}.node`);
}

/** Returns `linux-x64` for `linux-x64-gpu`. The same binding serves the CPU build and the CUDA build. */
function platformOf(target: Target): string {
  return target.replace(/-(cpu|gpu)$/, "");
}

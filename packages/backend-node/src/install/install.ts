import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { codeOf, messageOf, NoSpaceError } from "../errors.ts";
import { assertCompiler, compileBinding, hasPrebuilt, placePrebuilt, refreshPrebuilt } from "./binding.ts";
import {
  cacheFolder,
  installFolder,
  MANIFEST,
  type Manifest,
  makeStaging,
  missingFolders,
  notWritable,
  publish,
  readInstall,
  sweepStaging,
} from "./cache.ts";
import { findSources, obtainWheel, type Sources } from "./download.ts";
import { placeJsHalf } from "./js-half.ts";
import { type Reporter, reporter, sizeOf } from "./report.ts";
import { type Device, type Target, targetFor } from "./target.ts";
import { ownRoute, stateOfTfjsNode } from "./tfjs-node.ts";
import { type Unpacked, unpackWheel } from "./unpack.ts";
import { checkLibraries, noteVerification, recallVerification } from "./verified.ts";
import { verifyInstall } from "./verify.ts";
import { type PinnedWheel, WHEELS } from "./wheels.ts";

/** Options of {@link installNative}. */
export interface InstallOptions {
  /** `gpu` takes the CUDA build and NVIDIA's CUDA libraries (Linux x64, 4 GB). @default "cpu" */
  readonly device?: Device;
  /** Folder for everything that is written. @default GRAFT_CACHE, else the user's cache folder, then `graft/native` */
  readonly cacheDir?: string;
  /** Compile the binding on the spot instead of taking the one that ships. @default false where one ships */
  readonly compile?: boolean;
  /** Wheel files that are here already, for machines without a network. @default [] */
  readonly wheels?: readonly string[];
  /** Project in which `@tensorflow/tfjs-node` is looked for. @default process.cwd() */
  readonly projectDir?: string;
  /** Try tfjs-node's own install script first, where the project has the package unbuilt. @default true */
  readonly ownRoute?: boolean;
  /** Hears what happens, as text for a terminal. @default nothing is printed */
  readonly write?: (text: string) => void;
  /** Whether `write` goes to a terminal that can redraw a line. @default false */
  readonly isTerminal?: boolean;
}

/** What an install did. */
export interface InstallReport {
  /** `installed`, `already` (nothing to do), or `tfjs-node` (the project's own works and is used as it is). */
  readonly status: "installed" | "already" | "tfjs-node";
  readonly folder: string;
  readonly tensorflow: string;
  readonly device: Device;
  readonly bytes: number;
  readonly seconds: number;
  readonly steps: readonly string[];
  /** The command that undoes it. */
  readonly undo: string;
}

/** What {@link installInto} needs beside the options; tests pass small wheels and their own check. */
export interface InstallPlan {
  readonly target: Target;
  readonly wheels: readonly PinnedWheel[];
  readonly sources: Sources;
  readonly compile: boolean;
  readonly projectDir: string;
  readonly verify: typeof verifyInstall;
  readonly placeJs: typeof placeJsHalf;
}

/** Members of the wheel that compiling the binding needs. */
export const HEADERS: readonly string[] = [
  "tensorflow/include/tensorflow/c/",
  "tensorflow/include/tensorflow/core/platform/",
  "tensorflow/include/tsl/",
];

/**
 * Installs native TensorFlow for this machine: looks at what is there, tries tfjs-node's own way, then fetches the pinned
 * wheel, checks it, unpacks its libraries beside our binding and multiplies two matrices in a child process. Safe to
 * repeat, and to kill: an install appears by one rename, after it was verified.
 *
 * @throws UnsupportedPlatformError, UnsupportedLibcError, DownloadError, ChecksumError, NoSpaceError, CacheNotWritableError,
 *   CompileError, VerifyError; each says what to do next, and leaves nothing behind.
 */
export async function installNative({
  device = "cpu",
  cacheDir,
  compile,
  wheels = [],
  projectDir = process.cwd(),
  ownRoute: tryOwnRoute = true,
  write,
  isTerminal = false,
}: InstallOptions = {}): Promise<InstallReport> {
  const began = performance.now();
  const report = reporter(write, isTerminal);
  const target = targetFor(device);
  const stock = await stateOfTfjsNode(projectDir);
  const cache = cacheFolder(cacheDir);
  const present = readInstall(installFolder(cache, target, WHEELS[target][0]?.version ?? "")) !== undefined;
  const own = tryOwnRoute && device === "cpu" && !present ? await ownRoute(projectDir, stock) : stock;
  if (own.state === "works" && device === "cpu") {
    report.step(`@tensorflow/tfjs-node in ${own.folder} works (TensorFlow ${own.tensorflow}) and is used as it is`);
    return {
      status: "tfjs-node",
      folder: own.folder,
      tensorflow: own.tensorflow,
      device,
      bytes: 0,
      seconds: since(began),
      steps: report.steps,
      undo: "npm uninstall @tensorflow/tfjs-node",
    };
  }
  report.step(
    own.state === "absent"
      ? "@tensorflow/tfjs-node is not in this project: its own route has nothing to build"
      : own.state === "broken"
        ? `@tensorflow/tfjs-node is here and does not work: ${own.reason}`
        : "@tensorflow/tfjs-node has no CUDA libraries",
  );
  const plan: InstallPlan = {
    target,
    wheels: WHEELS[target],
    sources: findSources(wheels),
    compile: compile ?? !hasPrebuilt(target),
    projectDir,
    verify: verifyInstall,
    placeJs: placeJsHalf,
  };
  if (target === "darwin-arm64-cpu")
    report.step("macOS on arm64: this path is written and has never been tried; please report how it goes");
  return {
    ...(await installInto(cache, plan, report)),
    device,
    seconds: since(began),
    steps: report.steps,
    undo: `graft-backend-node uninstall${device === "gpu" ? " --gpu" : ""}${cacheDir === undefined ? "" : ` --cache ${cache}`}`,
  };
}

/** The part of {@link installNative} below the cache folder. */
export async function installInto(
  cache: string,
  plan: InstallPlan,
  report: Reporter,
): Promise<Pick<InstallReport, "status" | "folder" | "tensorflow" | "bytes">> {
  const version = plan.wheels[0]?.version ?? "";
  const folder = installFolder(cache, plan.target, version);
  const present = readInstall(folder);
  if (present !== undefined && (!plan.compile || present.binding === "compiled")) {
    try {
      if (present.binding === "prebuilt" && (await refreshPrebuilt(plan.target, folder)))
        report.step("the binding is replaced by the one of this version of the package");
      const tensorflow = await confirm(folder, present, plan, report);
      return { status: "already", folder, tensorflow, bytes: sizeOf(folder) };
    } catch (cause) {
      report.step(
        `${folder} is there and no good (${messageOf(cause).split("\n")[0]?.replace(/\.$/, "")}): installing anew`,
      );
    }
  }
  if (plan.compile) await assertCompiler();
  const fresh = missingFolders(cache);
  const staging = makeStaging(cache);
  sweepStaging(cache);
  const downloads = join(cache, "downloads");
  let wheelsAreGood = false;
  try {
    const tree = join(staging, "tree");
    mkdirSync(join(tree, "tensorflow"), { recursive: true });
    const files: Record<string, Unpacked> = {};
    for (const wheel of plan.wheels) {
      const path = await obtainWheel(wheel, plan.sources, downloads, staging, report);
      Object.assign(files, await unpack(path, wheel, tree, report));
      if (plan.compile && wheel === plan.wheels[0]) await unpackWheel(path, HEADERS, staging);
    }
    wheelsAreGood = true;
    if (plan.compile) await compileBinding(tree, join(staging, "tensorflow", "include"), join(staging, "compile"));
    else await placePrebuilt(plan.target, tree);
    report.step(
      plan.compile ? "compiled the binding from tfjs-node's sources" : `took the binding that ships for ${plan.target}`,
    );
    report.step(`took ${await plan.placeJs(tree, plan.projectDir)}`);
    const { tensorflow, milliseconds } = await plan.verify(tree);
    report.step(`verified: TensorFlow ${tensorflow} multiplied two matrices in a child process (${milliseconds} ms)`);
    const manifest: Manifest = {
      format: 1,
      target: plan.target,
      tensorflow,
      files: Object.fromEntries(Object.entries(files).map(([path, { size }]) => [path, size])),
      sha256: Object.fromEntries(Object.entries(files).map(([path, { sha256 }]) => [path, sha256])),
      binding: plan.compile ? "compiled" : "prebuilt",
      installedAt: new Date().toISOString(),
    };
    writeFileSync(join(tree, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    noteVerification(tree, tensorflow);
    publish(tree, folder, staging);
    rmSync(downloads, { recursive: true, force: true });
    const bytes = sizeOf(folder);
    report.step(`installed in ${folder} (${(bytes / 1e6).toFixed(0)} MB)`);
    return { status: "installed", folder, tensorflow, bytes };
  } catch (cause) {
    // A good wheel is kept for the next run only where the wheel was not the trouble, and the disk is not full.
    if (!wheelsAreGood || codeOf(cause) === "ENOSPC") rmSync(downloads, { recursive: true, force: true });
    throw named(cause, cache);
  } finally {
    rmSync(staging, { recursive: true, force: true });
    for (const folder of [cache, ...fresh]) removeIfEmpty(folder);
  }
}

/** Version of an install that computes: as it was noted where nothing changed since, else by a child process. */
async function confirm(folder: string, present: Manifest, plan: InstallPlan, report: Reporter): Promise<string> {
  const known = recallVerification(folder);
  if (known.state === "unchanged") {
    const { tensorflow, at } = known.verification;
    report.step(`${folder} is installed; it computed on ${at} and nothing changed since (TensorFlow ${tensorflow})`);
    return tensorflow;
  }
  if (known.state === "unknown") await checkLibraries(folder, present);
  const { tensorflow, milliseconds } = await plan.verify(folder);
  noteVerification(folder, tensorflow);
  report.step(`${folder} is installed and computes (TensorFlow ${tensorflow}, ${milliseconds} ms)`);
  return tensorflow;
}

async function unpack(
  path: string,
  wheel: PinnedWheel,
  tree: string,
  report: Reporter,
): Promise<Readonly<Record<string, Unpacked>>> {
  const bar = report.bar(`unpack ${wheel.project}`);
  let done = 0;
  try {
    const files = await unpackWheel(path, wheel.members, tree, (count) => {
      done += count;
      bar.to(done, undefined);
    });
    report.step(`unpacked ${Object.keys(files).length} files of ${wheel.project} (${(done / 1e6).toFixed(0)} MB)`);
    return files;
  } finally {
    bar.end();
  }
}

/** System errors of the cache's disk, by name; everything else as it is. */
function named(cause: unknown, cache: string): unknown {
  const code = codeOf(cause);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new NoSpaceError(
      `The disk that holds ${cache} is full. An install takes 0.9 GB while it works and 0.65 GB after; with CUDA 8 GB.`,
      "Make room, or name a folder on another disk in GRAFT_CACHE.",
      { cause },
    );
  }
  return code === "EACCES" || code === "EROFS" || code === "EPERM" ? notWritable(cache, cause) : cause;
}

function removeIfEmpty(folder: string): void {
  try {
    if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
  } catch {
    // not there any more, or not ours to remove
  }
}

function since(began: number): number {
  return Number(((performance.now() - began) / 1000).toFixed(1));
}

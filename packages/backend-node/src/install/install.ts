import { hasPrebuilt } from "./binding.ts";
import { cacheFolder, installFolder, readInstall } from "./cache.ts";
import { findSources } from "./download.ts";
import { installInto } from "./install-into.ts";
import { placeJsHalf } from "./js-half.ts";
import type { InstallPlan } from "./plan.ts";
import { reporter } from "./report.ts";
import { quoted } from "./shell.ts";
import { type Device, targetFor } from "./target.ts";
import { ownRoute, stateOfTfjsNode } from "./tfjs-node.ts";
import { verifyInstall } from "./verify.ts";
import { WHEELS } from "./wheels.ts";

/** Options of {@link installNative}. */
export interface InstallOptions {
  /** `gpu` takes the CUDA build and NVIDIA's CUDA libraries (Linux x64, 4 GB). @default "cpu" */
  readonly device?: Device;
  /** Folder for everything that is written. @default GRAFT_CACHE, else `graft/native` in the user's cache folder */
  readonly cacheDir?: string;
  /** Compile the binding on the spot instead of taking the one that ships. @default false where one ships */
  readonly compile?: boolean;
  /** Wheel files that are here already, for machines without a network; more than one is wanted with `gpu`, told apart by name. @default [] */
  readonly wheels?: readonly string[];
  /** Project in which `@tensorflow/tfjs-node` is looked for. @default process.cwd() */
  readonly projectDir?: string;
  /** Try tfjs-node's own install script first, where the project has the package unbuilt. @default true */
  readonly ownRoute?: boolean;
  /** Hears what happens, as text for a terminal. @default nothing is printed */
  readonly write?: (text: string) => void;
  /** Whether `write` goes to a terminal that can redraw a line. @default false */
  readonly isTerminal?: boolean;
  /** The caller's command that undoes an install: `undo` of the report begins with it. @default "npx @graftjs/backend-node uninstall" */
  readonly undoWith?: string;
}

/** What an install did. */
export interface InstallReport {
  /** `installed`, `already` (nothing to do), or `tfjs-node` (the project's own works and is used as it is). */
  readonly status: "installed" | "already" | "tfjs-node";
  /** Path of the install, or of the project's tfjs-node. */
  readonly folder: string;
  /** Version of the library, such as `2.16.2`. */
  readonly tensorflow: string;
  /** Which build it is: what was asked for. */
  readonly device: Device;
  /** What it takes on disk, in bytes; 0 for the project's tfjs-node. */
  readonly bytes: number;
  /** From the call to the report, in seconds to a tenth. */
  readonly seconds: number;
  /** What was done, a line each, in order. */
  readonly steps: readonly string[];
  /** The command that undoes it, to be pasted into a shell. */
  readonly undo: string;
}

/**
 * Installs native TensorFlow for this machine: looks at what is there, tries tfjs-node's own way, then fetches the pinned
 * wheel, checks it, unpacks its libraries beside our binding and multiplies two matrices in a child process. Safe to
 * repeat, and to kill: an install appears by one rename, after it was verified. Two at once: the second waits.
 *
 * @throws UnsupportedPlatformError, UnsupportedLibcError, OptionsError (a file in `wheels`), DownloadError, ChecksumError,
 *   NoSpaceError, CacheNotWritableError, CacheBusyError, CompileError, VerifyError; each says what to do next, and leaves
 *   nothing behind but, for the next run, what was fetched and is good.
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
  undoWith = "npx @graftjs/backend-node uninstall",
}: InstallOptions = {}): Promise<InstallReport> {
  const began = performance.now();
  const report = reporter(write, isTerminal);
  const target = targetFor(device);
  const sources = findSources(wheels, WHEELS[target]);
  const stock = await stateOfTfjsNode(projectDir);
  const cache = cacheFolder(cacheDir);
  const present = readInstall(installFolder(cache, target, WHEELS[target][0]?.version ?? "")) !== undefined;
  const own = tryOwnRoute && device === "cpu" && !present ? await ownRoute(projectDir, stock, report) : stock;
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
    sources,
    compile: compile ?? !hasPrebuilt(target),
    projectDir,
    verify: verifyInstall,
    placeJs: placeJsHalf,
  };
  if (target === "darwin-arm64-cpu")
    report.step("macOS on arm64: this path is written and has never been tried; please report how it goes");
  const done = await installInto(cache, plan, report);
  if (cache !== cacheFolder())
    report.step(
      `not the usual folder: give nativeBackend \`cacheDir: ${JSON.stringify(cache)}\`, or set GRAFT_CACHE to it`,
    );
  return {
    ...done,
    device,
    seconds: since(began),
    steps: report.steps,
    undo: [
      undoWith,
      ...(device === "gpu" ? ["--gpu"] : []),
      ...(cacheDir === undefined ? [] : ["--cache", quoted(cache)]),
    ].join(" "),
  };
}

function since(began: number): number {
  return Number(((performance.now() - began) / 1000).toFixed(1));
}

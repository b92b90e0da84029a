import { hasPrebuilt } from "./binding.ts";
import { cacheFolder, installFolder, readInstall } from "./cache.ts";
import { installInto } from "./install-into.ts";
import { placeJsHalf } from "./js-half.ts";
import type { Installed, InstallPlan } from "./plan.ts";
import { reporter } from "./report.ts";
import { quoted } from "./shell.ts";
import { findSources } from "./sources.ts";
import { type Device, targetFor } from "./target.ts";
import { ownRoute, stateOfTfjsNode } from "./tfjs-node.ts";
import { verifyInstall } from "./verify.ts";
import { WHEELS } from "./wheels.ts";

/** Options of {@link installNative}. */
export interface InstallOptions {
  /** `gpu` installs the CUDA build and NVIDIA's CUDA libraries (Linux x64, 4 GB). @default "cpu" */
  readonly device?: Device;
  /** Folder for everything that is written. @default GRAFT_CACHE, else `graft/native` in the user's cache folder */
  readonly cacheDir?: string;
  /** Compile the binding on this machine instead of using the shipped one. @default false if one is shipped */
  readonly compile?: boolean;
  /**
   * Wheel files that are on this machine already, for machines without a network. With `gpu` several are needed; they are recognized
   * by name. @default []
   */
  readonly wheels?: readonly string[];
  /** Project in which to look for `@tensorflow/tfjs-node`. @default process.cwd() */
  readonly projectDir?: string;
  /** Try tfjs-node's own install script first, if the project has the package but it is not built. @default true */
  readonly ownRoute?: boolean;
  /** Called with text for a terminal about each step. @default prints nothing */
  readonly write?: (text: string) => void;
  /** Whether `write` prints to a terminal that can redraw a line. @default false */
  readonly isTerminal?: boolean;
  /** The caller's command to undo an install, as the beginning of the report's `undo`. @default "npx @graftjs/backend-node uninstall" */
  readonly undoWith?: string;
}

/** Result of an install. */
export interface InstallReport extends Installed {
  /** The device that was requested. */
  readonly device: Device;
  /** Duration in seconds, rounded to a tenth. */
  readonly seconds: number;
  /** One line for each step, in order. */
  readonly steps: readonly string[];
  /** Shell command that undoes the install. */
  readonly undo: string;
}

/**
 * Installs native TensorFlow for this machine. It first looks for a working install or tfjs-node, and tries tfjs-node's own install
 * script. Then it downloads the pinned wheel, checks it, unpacks its libraries, adds our binding and multiplies two matrices in a
 * child process. It can be repeated and killed safely: a verified install appears by one rename. If two run at once, the second
 * waits.
 *
 * @throws UnsupportedPlatformError, UnsupportedLibcError, OptionsError (a file in `wheels`), DownloadError, ChecksumError,
 * NoSpaceError, CacheNotWritableError, CacheBusyError, CompileError or VerifyError. Each says how to continue. Only good
 * downloads are left behind, for the next run.
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
    report.step(`@tensorflow/tfjs-node in ${own.folder} works (TensorFlow ${own.tensorflow}) and is used`);
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
      ? "@tensorflow/tfjs-node is not in this project: its own install script cannot be tried"
      : own.state === "broken"
        ? `@tensorflow/tfjs-node is in this project but does not work: ${own.reason}`
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
    report.step("macOS on arm64: this install has never been tried; please report the result");
  const done = await installInto(cache, plan, report);
  if (cache !== cacheFolder())
    report.step(
      `this is not the default folder: pass \`cacheDir: ${JSON.stringify(cache)}\` to nativeBackend, or set GRAFT_CACHE`,
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

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir, platform } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { messageOf } from "@graftjs/backend";
import { CacheNotWritableError, codeOf, isNoSpace, NoSpaceError } from "../errors.ts";
import { JS_HALF } from "./js-half.ts";
import type { Target } from "./target.ts";

/** Description of an install. It is written last, so that a folder without it is not an install. */
export interface Manifest {
  readonly format: 1;
  readonly target: Target;
  readonly tensorflow: string;
  /** Size in bytes of each required file, by path inside the folder: libraries, binding, JavaScript half. */
  readonly files: Readonly<Record<string, number>>;
  /** sha256 of the libraries in the wheel, and of a binding that was compiled. Installs of older versions lack it. */
  readonly sha256?: Readonly<Record<string, string>>;
  readonly binding: "prebuilt" | "compiled";
  readonly installedAt: string;
}

/** Name of the file that describes an install. */
export const MANIFEST = "manifest.json";
/** Path of the binding inside an install. */
export const BINDING: string = join("tensorflow", "tfjs_binding.node");
const STAGING = ".staging-";

/**
 * Returns the folder for everything that the installer writes: `cacheDir`, else `GRAFT_CACHE`, else `graft/native` in the user's
 * cache folder (`XDG_CACHE_HOME`, `~/.cache`, on macOS `~/Library/Caches`).
 */
export function cacheFolder(cacheDir?: string): string {
  const { GRAFT_CACHE, XDG_CACHE_HOME } = process.env;
  const named = cacheDir ?? GRAFT_CACHE;
  if (named) return resolve(named);
  const user =
    XDG_CACHE_HOME || (platform() === "darwin" ? join(homedir(), "Library", "Caches") : join(homedir(), ".cache"));
  return join(user, "graft", "native");
}

/** Returns the folder of the install for `target`. The version is part of its name, so that two versions can exist side by side. */
export function installFolder(cache: string, target: Target, tensorflow: string): string {
  return join(cache, `tensorflow-${tensorflow}-${target}`);
}

/** Returns the manifest of an install, or undefined if a file is missing or has another size. */
export function readInstall(folder: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, MANIFEST), "utf8")) as Manifest;
    const { files, format } = manifest;
    const whole = Object.entries(files).every(([path, size]) => statSync(join(folder, path)).size === size);
    // Manifests of the first version listed only the libraries.
    const complete = BINDING in files || [BINDING, JS_HALF].every((path) => existsSync(join(folder, path)));
    return format === 1 && whole && complete ? manifest : undefined;
  } catch {
    return undefined; // missing or not readable
  }
}

/** Returns the size in bytes of every file in a folder, by its path in it. */
export function filesIn(folder: string): Readonly<Record<string, number>> {
  return Object.fromEntries(
    readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(folder, path), statSync(path).size]),
  );
}

/** Updates the size of a replaced file in the manifest of an install. One rename replaces the manifest, so it is never half written. */
export function noteReplaced(folder: string, manifest: Manifest, path: string): void {
  const fresh = join(folder, `${MANIFEST}.${process.pid}`);
  const files = { ...manifest.files, [path]: statSync(join(folder, path)).size };
  writeFileSync(fresh, `${JSON.stringify({ ...manifest, files }, null, 2)}\n`);
  renameSync(fresh, join(folder, MANIFEST));
}

/** Returns a name for a temporary file or folder in the cache. The next run removes it if this process has ended. */
export function stagingName(rest: string): string {
  return `${STAGING}${process.pid}-${rest}`;
}

/**
 * Makes a temporary folder in the cache. It is on the same disk as the installs, so that one rename can publish the finished one.
 *
 * @throws CacheNotWritableError, NoSpaceError
 */
export function makeStaging(cache: string): string {
  try {
    makeFolder(cache);
    return mkdtempSync(join(cache, stagingName("")));
  } catch (cause) {
    throw unwritable(cause, cache);
  }
}

/**
 * Makes a folder and its parents, one after the other. Node's `recursive` option never returns if the system keeps answering ENOENT, as
 * /proc does.
 */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (cause) {
    // Another process may have made it meanwhile.
    if (codeOf(cause) !== "EEXIST") throw cause;
  }
}

/** Returns `folder` and its parents as far as they do not exist yet, the innermost first. */
export function missingFolders(folder: string): readonly string[] {
  return existsSync(folder) ? [] : [folder, ...missingFolders(dirname(folder))];
}

/** Removes temporary folders of processes that have ended without removing them. */
export function sweepStaging(cache: string): void {
  if (!existsSync(cache)) return;
  for (const name of readdirSync(cache)) {
    if (!name.startsWith(STAGING)) continue;
    const pid = Number(name.slice(STAGING.length).split("-")[0]);
    if (!alive(pid)) rmSync(join(cache, name), { recursive: true, force: true });
  }
}

/** Moves a finished folder to its place. A former folder in this place first moves into `staging`, which is removed later. */
export function publish(finished: string, place: string, staging: string): void {
  if (existsSync(place)) renameSync(place, join(staging, "replaced"));
  renameSync(finished, place);
}

/** Returns the error for a folder that cannot be written, because the disk is full or permission is missing. */
export function unwritable(cause: unknown, cache: string): NoSpaceError | CacheNotWritableError {
  if (isNoSpace(cause)) {
    return new NoSpaceError(
      `The disk that holds ${cache}, or the disk that pip and npm use, is full (${messageOf(cause)}). An install needs 0.9 GB while it runs and 0.65 GB afterwards; with CUDA 8 GB.`,
      "Free some space, or name a folder on another disk in GRAFT_CACHE.",
      { cause },
    );
  }
  return new CacheNotWritableError(
    `${cache} cannot be written (${codeOf(cause) ?? messageOf(cause)}).`,
    "Name another folder in GRAFT_CACHE or `cacheDir` that this user may write.",
    { cause },
  );
}

/** Removes a folder if it is empty. The system makes this check, because another process may write to the folder at the same time. */
export function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // not empty, removed already, or not ours
  }
}

/** Returns the typed error for a system error of the cache's disk. Other errors are returned unchanged. */
export function troubleOf(cause: unknown, cache: string): unknown {
  const code = codeOf(cause);
  return isNoSpace(cause) || code === "EACCES" || code === "EROFS" || code === "EPERM"
    ? unwritable(cause, cache)
    : cause;
}

/** Says whether a process exists, of this user or of another one. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return codeOf(cause) === "EPERM";
  }
}

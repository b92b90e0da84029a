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
import { CacheNotWritableError, codeOf, isNoSpace, messageOf, NoSpaceError } from "../errors.ts";
import { JS_HALF } from "./js-half.ts";
import type { Target } from "./target.ts";

/** What an install says about itself, written last: a folder without it is not an install. */
export interface Manifest {
  readonly format: 1;
  readonly target: Target;
  readonly tensorflow: string;
  /** Size in bytes of each file that must be there, by path inside the folder: libraries, binding, JavaScript half. */
  readonly files: Readonly<Record<string, number>>;
  /** sha256 of the libraries as the wheel held them. Installs of before this was kept have none. */
  readonly sha256?: Readonly<Record<string, string>>;
  readonly binding: "prebuilt" | "compiled";
  readonly installedAt: string;
}

export const MANIFEST = "manifest.json";
export const BINDING: string = join("tensorflow", "tfjs_binding.node");
const STAGING = ".staging-";

/**
 * The folder that holds everything the installer writes.
 *
 * `cacheDir`, else `GRAFT_CACHE`, else `graft/native` in the user's cache folder (`XDG_CACHE_HOME`, `~/.cache`, on macOS
 * `~/Library/Caches`).
 */
export function cacheFolder(cacheDir?: string): string {
  const { GRAFT_CACHE, XDG_CACHE_HOME } = process.env;
  const named = cacheDir ?? GRAFT_CACHE;
  if (named) return resolve(named);
  const user =
    XDG_CACHE_HOME || (platform() === "darwin" ? join(homedir(), "Library", "Caches") : join(homedir(), ".cache"));
  return join(user, "graft", "native");
}

/** Where the install for `target` lies, or would lie. The version is in the name: two of them live side by side. */
export function installFolder(cache: string, target: Target, tensorflow: string): string {
  return join(cache, `tensorflow-${tensorflow}-${target}`);
}

/** The manifest of an install whose files all have their sizes; `undefined` for anything less. */
export function readInstall(folder: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, MANIFEST), "utf8")) as Manifest;
    const { files, format } = manifest;
    const whole = Object.entries(files).every(([path, size]) => statSync(join(folder, path)).size === size);
    // The first installs named their libraries alone.
    const complete = BINDING in files || [BINDING, JS_HALF].every((path) => existsSync(join(folder, path)));
    return format === 1 && whole && complete ? manifest : undefined;
  } catch {
    return undefined; // not there, or not readable: no install either way
  }
}

/** Size in bytes of every file in a folder, by its path there. */
export function filesIn(folder: string): Readonly<Record<string, number>> {
  return Object.fromEntries(
    readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(folder, path), statSync(path).size]),
  );
}

/** Notes in the manifest of an install that one of its files was replaced. By one rename: it is never half written. */
export function noteReplaced(folder: string, manifest: Manifest, path: string): void {
  const fresh = join(folder, `${MANIFEST}.${process.pid}`);
  const files = { ...manifest.files, [path]: statSync(join(folder, path)).size };
  writeFileSync(fresh, `${JSON.stringify({ ...manifest, files }, null, 2)}\n`);
  renameSync(fresh, join(folder, MANIFEST));
}

/** Name of something beside the installs that is swept once this process is gone. */
export function stagingName(rest: string): string {
  return `${STAGING}${process.pid}-${rest}`;
}

/**
 * A fresh folder beside the installs, on the same disk, so that the finished one is put in its place by one rename.
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

/** One folder after the other: Node's `recursive` never comes back where the system says ENOENT for ever, as /proc does. */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (cause) {
    // Somebody else was faster.
    if (codeOf(cause) !== "EEXIST") throw cause;
  }
}

/** `folder` and those above it that are not there yet, the innermost first. */
export function missingFolders(folder: string): readonly string[] {
  return existsSync(folder) ? [] : [folder, ...missingFolders(dirname(folder))];
}

/** Removes what killed runs left: staging folders of processes that are gone. */
export function sweepStaging(cache: string): void {
  if (!existsSync(cache)) return;
  for (const name of readdirSync(cache)) {
    if (!name.startsWith(STAGING)) continue;
    const pid = Number(name.slice(STAGING.length).split("-")[0]);
    if (!alive(pid)) rmSync(join(cache, name), { recursive: true, force: true });
  }
}

/** Puts a finished folder in its place. What lay there before moves into `staging` first, and goes with it. */
export function publish(finished: string, place: string, staging: string): void {
  if (existsSync(place)) renameSync(place, join(staging, "replaced"));
  renameSync(finished, place);
}

/** The error for a folder that cannot be written: for want of room, or of leave. */
export function unwritable(cause: unknown, cache: string): NoSpaceError | CacheNotWritableError {
  if (isNoSpace(cause)) {
    return new NoSpaceError(
      `The disk that holds ${cache}, or the one that pip and npm work on, is full (${messageOf(cause)}). An install takes 0.9 GB while it works and 0.65 GB after; with CUDA 8 GB.`,
      "Make room, or name a folder on another disk in GRAFT_CACHE.",
      { cause },
    );
  }
  return new CacheNotWritableError(
    `${cache} cannot be written (${codeOf(cause) ?? messageOf(cause)}).`,
    "Name another folder in GRAFT_CACHE or `cacheDir`, one that this user may write.",
    { cause },
  );
}

/** Removes a folder that holds nothing. By the system's own check: another process may put something there just now. */
export function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // not empty, not there any more, or somebody else's
  }
}

/** System errors of the cache's disk, by name; everything else as it is. */
export function troubleOf(cause: unknown, cache: string): unknown {
  const code = codeOf(cause);
  return isNoSpace(cause) || code === "EACCES" || code === "EROFS" || code === "EPERM"
    ? unwritable(cause, cache)
    : cause;
}

/** Whether a process is there, ours or somebody else's. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return codeOf(cause) === "EPERM";
  }
}

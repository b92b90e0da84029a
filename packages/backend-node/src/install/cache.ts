import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { homedir, platform } from "node:os";
import { dirname, join, resolve } from "node:path";
import { CacheNotWritableError, codeOf, messageOf } from "../errors.ts";
import type { Target } from "./target.ts";

/** What an install says about itself, written last: a folder without it is not an install. */
export interface Manifest {
  readonly format: 1;
  readonly target: Target;
  readonly tensorflow: string;
  /** Size in bytes of each file that must be there, by path inside the folder. */
  readonly files: Readonly<Record<string, number>>;
  /** sha256 of the same files as the wheel held them. Installs of before this was kept have none. */
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
 * `GRAFT_CACHE`, else the user's cache folder (`XDG_CACHE_HOME`, `~/.cache`, on macOS `~/Library/Caches`), then `graft/native`.
 */
export function cacheFolder(cacheDir?: string): string {
  if (cacheDir !== undefined) return resolve(cacheDir);
  const { GRAFT_CACHE, XDG_CACHE_HOME } = process.env;
  if (GRAFT_CACHE) return join(resolve(GRAFT_CACHE), "native");
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
    const whole = Object.entries(manifest.files).every(([path, size]) => statSync(join(folder, path)).size === size);
    return manifest.format === 1 && whole ? manifest : undefined;
  } catch {
    return undefined; // not there, or not readable: no install either way
  }
}

/**
 * A fresh folder beside the installs, on the same disk, so that the finished one is put in its place by one rename.
 *
 * @throws CacheNotWritableError
 */
export function makeStaging(cache: string): string {
  try {
    makeFolder(cache);
    return mkdtempSync(join(cache, `${STAGING}${process.pid}-`));
  } catch (cause) {
    throw notWritable(cache, cause);
  }
}

/** One folder after the other: Node's `recursive` never comes back where the system says ENOENT for ever, as /proc does. */
function makeFolder(folder: string): void {
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

/** The error for a folder that cannot be written. */
export function notWritable(folder: string, cause: unknown): CacheNotWritableError {
  return new CacheNotWritableError(
    `${folder} cannot be written (${codeOf(cause) ?? messageOf(cause)}).`,
    "Name another folder in GRAFT_CACHE or `cacheDir`, one that this user may write.",
    { cause },
  );
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return codeOf(cause) === "EPERM";
  }
}

import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, removeIfEmpty, sweepStaging, unwritable } from "./cache.ts";
import { busy, takeLock } from "./lock.ts";
import { sizeOf } from "./report.ts";
import type { Device } from "./target.ts";

/** Options of {@link uninstallNative}. */
export interface UninstallOptions {
  /** Remove the installs for one device. @default both */
  readonly device?: Device;
  /** As for `installNative`. @default GRAFT_CACHE, else `graft/native` in the user's cache folder */
  readonly cacheDir?: string;
}

/** What was removed. */
export interface UninstallReport {
  /** Paths, each a folder in the cache. */
  readonly removed: readonly string[];
  /** What they took on disk, in bytes. */
  readonly bytes: number;
}

/**
 * Removes what `installNative` wrote: installs, downloads and what killed runs left. tfjs-node in a project is not touched.
 *
 * @throws CacheNotWritableError; CacheBusyError where an installer is at work
 */
export function uninstallNative({ device, cacheDir }: UninstallOptions = {}): UninstallReport {
  const cache = cacheFolder(cacheDir);
  if (!existsSync(cache)) return { removed: [], bytes: 0 };
  const lock = takeLock(cache);
  if (!("release" in lock)) throw busy(cache, lock.holder);
  const removed: string[] = [];
  let bytes = 0;
  try {
    sweepStaging(cache);
    const ours = (name: string): boolean =>
      (name.startsWith("tensorflow-") && (device === undefined || name.endsWith(`-${device}`))) || name === "downloads";
    for (const name of readdirSync(cache).filter(ours)) {
      bytes += sizeOf(join(cache, name));
      rmSync(join(cache, name), { recursive: true });
      removed.push(join(cache, name));
    }
  } catch (cause) {
    throw unwritable(cause, cache);
  } finally {
    lock.release();
    removeIfEmpty(cache);
  }
  return { removed, bytes };
}

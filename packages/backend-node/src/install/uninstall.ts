import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, removeIfEmpty, sweepStaging, unwritable } from "./cache.ts";
import { busy, takeLock } from "./lock.ts";
import { sizeOf } from "./report.ts";
import type { Device } from "./target.ts";

/** Options of {@link uninstallNative}. */
export interface UninstallOptions {
  /** Remove only the installs for this device. @default both devices */
  readonly device?: Device;
  /** Folder of the installs, as for `installNative`. @default GRAFT_CACHE, else `graft/native` in the user's cache folder */
  readonly cacheDir?: string;
}

/** Result of removing installs. */
export interface UninstallReport {
  /** Paths of the removed folders. */
  readonly removed: readonly string[];
  /** Their size on disk in bytes. */
  readonly bytes: number;
}

/**
 * Removes all files of `installNative`: installs, downloads and leftovers of killed runs. tfjs-node in a project is not touched.
 *
 * @throws CacheNotWritableError. CacheBusyError if an installer is running.
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

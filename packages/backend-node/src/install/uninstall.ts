import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, notWritable, sweepStaging } from "./cache.ts";
import { sizeOf } from "./report.ts";
import type { Device } from "./target.ts";

/** Options of {@link uninstallNative}. */
export interface UninstallOptions {
  /** Remove the installs for one device. @default both */
  readonly device?: Device;
  /** As for `installNative`. @default GRAFT_CACHE, else the user's cache folder, then `graft/native` */
  readonly cacheDir?: string;
}

/** What was removed. */
export interface UninstallReport {
  readonly removed: readonly string[];
  readonly bytes: number;
}

/**
 * Removes what `installNative` wrote: installs, downloads and what killed runs left. tfjs-node in a project is not touched.
 *
 * @throws CacheNotWritableError
 */
export function uninstallNative({ device, cacheDir }: UninstallOptions = {}): UninstallReport {
  const cache = cacheFolder(cacheDir);
  if (!existsSync(cache)) return { removed: [], bytes: 0 };
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
    if (readdirSync(cache).length === 0) rmSync(cache, { recursive: true });
  } catch (cause) {
    throw notWritable(cache, cause);
  }
  return { removed, bytes };
}

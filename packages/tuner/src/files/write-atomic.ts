import { GraftError } from "@graftjs/core";
import { folderOf } from "./folder-of.ts";
import type { FileIo } from "./io.ts";
import { nodeIo } from "./node-io.ts";

/** A file could not be written; what stood there before still stands. */
export class FileError extends GraftError {}

/**
 * Puts `bytes` at `path` so that after a crash at any moment the old file or the new one is there, never a part: temporary
 * file beside it, flush, rename, flush of the folder.
 *
 * @throws FileError with the system's reason; the temporary file is gone then.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array, io: FileIo = nodeIo()): Promise<void> {
  const temporary = `${path}.${uniqueSuffix()}.tmp`;
  const folder = folderOf(path);
  try {
    await io.makeFolder(folder);
    await io.writeFlushed(temporary, bytes);
    await io.rename(temporary, path);
    await io.flushFolder(folder);
  } catch (cause) {
    await io.remove(temporary).catch(() => {});
    throw new FileError(
      `Cannot write ${path}: ${cause instanceof Error ? cause.message : String(cause)}.`,
      "Is the folder writable, and is there room on the disk? What was there before is unchanged.",
      { cause },
    );
  }
}

let written = 0;

/** Two runs that write the same path must not share a temporary file. */
function uniqueSuffix(): string {
  const { process } = globalThis as { process?: { pid?: number } };
  return `${process?.pid ?? Math.floor(performance.timeOrigin)}-${written++}`;
}

import { GraftError } from "@graftjs/core";
import { folderOf } from "./folder-of.ts";
import type { FileIo } from "./io.ts";
import { nodeIo } from "./node-io.ts";

/** A file could not be written. A previous file of that name is unchanged. */
export class FileError extends GraftError {
  override name = "FileError";
}

/**
 * Writes a file so that after a crash at any moment either the old file or the complete new one exists. It writes a temporary file,
 * flushes it, renames it and flushes the folder.
 *
 * @throws FileError with the system's reason. The temporary file is removed then.
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
      "Is the folder writable, and is there space on the disk? A previous file is unchanged.",
      { cause },
    );
  }
}

let written = 0;

/** Returns a suffix for a temporary file, so that two runs that write the same path do not share one. */
function uniqueSuffix(): string {
  const { process } = globalThis as { process?: { pid?: number } };
  return `${process?.pid ?? Math.floor(performance.timeOrigin)}-${written++}`;
}

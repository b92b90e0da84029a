import { readFile, stat } from "node:fs/promises";
import { DataFilesError } from "../data-files-error.ts";

/** A larger file is refused before it is read. */
const MOST_BYTES = 200_000_000;

/**
 * Reads a file of an example.
 *
 * @param unreadable throws the error for a file that cannot be read.
 * @throws DataFilesError if the file has more than 200 MB
 */
export async function readLimited(path: string, unreadable: (cause: Error) => never): Promise<Uint8Array> {
  const { size } = await stat(path).catch(unreadable);
  if (size > MOST_BYTES)
    throw new DataFilesError(`it has ${Math.round(size / 1e6)} MB.`, `Give a file with up to ${MOST_BYTES / 1e6} MB.`);
  return readFile(path).catch(unreadable);
}

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { ChecksumError } from "../errors.ts";

/** Returns the sha256 of a file in hex. `onBytes` is called with the size of each part that was read. */
export async function sha256(path: string, onBytes?: (count: number) => void): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
    onBytes?.((chunk as Buffer).length);
  }
  return hash.digest("hex");
}

/** Compares the sha256 of a file with `expected`. @throws ChecksumError if they differ. */
export async function checkFile(path: string, expected: string, onBytes?: (count: number) => void): Promise<void> {
  const found = await sha256(path, onBytes);
  if (found !== expected) {
    throw new ChecksumError(
      `${basename(path)} is not the file that Graft was tested with: sha256 ${found}, expected ${expected}.`,
      "It was damaged during the download, or is another version. Run the command again. If you use a mirror or proxy, clear its copy of the file.",
    );
  }
}

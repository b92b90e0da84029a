import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { ChecksumError } from "../errors.ts";

/** sha256 of a file, hex. `onBytes` hears how many bytes came by. */
export async function sha256(path: string, onBytes?: (count: number) => void): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
    onBytes?.((chunk as Buffer).length);
  }
  return hash.digest("hex");
}

/** @throws ChecksumError unless the file at `path` has the sha256 `expected`. */
export async function checkFile(path: string, expected: string, onBytes?: (count: number) => void): Promise<void> {
  const found = await sha256(path, onBytes);
  if (found !== expected) {
    throw new ChecksumError(
      `${basename(path)} is not the file that Graft was tested with: sha256 ${found}, expected ${expected}.`,
      "It was damaged on its way, or is another version. Run the command again; where a mirror or proxy stands between, have it fetch the file anew.",
    );
  }
}

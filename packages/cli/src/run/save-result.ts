import { homedir, tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { FileError, writeFileAtomic } from "@graftjs/tuner";
import { RunError } from "../terminal/errors.ts";

/**
 * Saves the result of a run. If the file cannot be written, for example because the disk is full, saves it in a second place and says
 * where.
 *
 * @param target absolute path.
 * @param places other folders, tried in order. @default the folder for temporary files, the home folder, the current folder
 * @throws RunError if `target` could not be written
 */
export async function saveResult(
  target: string,
  bytes: Uint8Array,
  places: readonly string[] = [tmpdir(), homedir(), process.cwd()],
  write: (path: string, bytes: Uint8Array) => Promise<void> = writeFileAtomic,
): Promise<void> {
  try {
    await write(target, bytes);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const [first] = error.message.split("\n");
    for (const place of places) {
      if (resolve(place) === dirname(target)) continue;
      const path = join(resolve(place), `graft-${process.pid}-${basename(target)}`);
      try {
        await write(path, bytes);
      } catch {
        continue;
      }
      throw new RunError(
        new FileError(
          `${first}\n  The result was saved to ${path} instead.`,
          `Make space, then: mv '${path}' '${target}'`,
        ),
      );
    }
    throw new RunError(
      new FileError(`${first}\n  No other place could be written either.`, `Tried: ${places.join(", ")}.`),
    );
  }
}

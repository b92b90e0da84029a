import { constants } from "node:fs";
import { access, mkdir, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { UsageError } from "./errors.ts";

/** Says in plain words why the file system refused; other errors keep their own message. */
export function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "there is no such file";
  if (error.code === "EACCES" || error.code === "EPERM") return "permission denied";
  if (error.code === "EROFS") return "the file system is read-only";
  if (error.code === "ENOTDIR") return "part of the path is a file, not a folder";
  if (error.code === "EISDIR") return "it is a folder";
  return error.message;
}

/** Reads a delta that the command line names, relative to `cwd`. @throws UsageError if it cannot be read */
export async function readDelta(given: string, cwd: string): Promise<Uint8Array> {
  const path = resolve(cwd, given);
  return readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`The delta ${path} cannot be read: ${reasonOf(cause)}.`, "graft run writes one.", { cause });
  });
}

/** Creates `folder` and checks that it can be written, so that a run does not find out after training. @throws UsageError */
export async function assertWritable(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (cause) {
    throw new UsageError(
      `The output folder cannot be written: ${reasonOf(cause as NodeJS.ErrnoException)}.`,
      `Looked at ${folder}. Give another with --out, or "output" in the recipe's "run".`,
      { cause },
    );
  }
}

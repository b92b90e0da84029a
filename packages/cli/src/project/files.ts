import { constants } from "node:fs";
import { access, mkdir, readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { UsageError } from "../terminal/errors.ts";

/** Returns a plain reason for an error of the file system. An error with another code keeps its message. */
export function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "the file does not exist";
  if (error.code === "EACCES" || error.code === "EPERM") return "permission denied";
  if (error.code === "EROFS") return "the file system is read-only";
  if (error.code === "ENOTDIR") return "part of the path is a file, not a folder";
  if (error.code === "EISDIR") return "it is a folder";
  return error.message;
}

/** Reads a delta that the command line names. A relative path starts from `cwd`. @throws UsageError if it cannot be read */
export async function readDelta(given: string, cwd: string): Promise<Uint8Array> {
  const path = resolve(cwd, given);
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(
      `The delta ${path} cannot be read: ${reasonOf(cause)}.`,
      "Check the path. `graft run` writes deltas.",
      { cause },
    );
  });
  // The header of a safetensors file is JSON after 8 bytes of its length.
  if (bytes[8] === "{".charCodeAt(0)) return bytes;
  throw new UsageError(
    `${path} is not a delta.`,
    "Name a file that `graft run` has written, such as delta.safetensors.",
  );
}

/** Creates a folder and its parents. Node's recursive `mkdir` never returns on file systems without new folders, such as /proc. */
async function makeFolder(path: string): Promise<void> {
  const isFolder = (): Promise<boolean> =>
    stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    );
  if (await isFolder()) return;
  try {
    await mkdir(path);
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || parent === path) {
      if (await isFolder()) return;
      throw error;
    }
    await makeFolder(parent);
    await mkdir(path).catch(async (again: unknown) => {
      if (!(await isFolder())) throw again;
    });
  }
}

/**
 * Creates the folder of the result and checks that it is writable. Called before training, because a run whose result cannot
 * be saved is lost. @throws UsageError
 */
export async function assertWritable(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK);
  } catch (cause) {
    throw new UsageError(
      `The output folder ${folder} is not writable: ${reasonOf(cause as NodeJS.ErrnoException)}.`,
      'Give another path with --out, or as "output" in the "run" section of the recipe.',
      { cause },
    );
  }
}

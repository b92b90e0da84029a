import { readFile, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { didYouMean } from "@graftjs/core";
import { DataFilesError, shown } from "../data-files-error.ts";
import { filesIn } from "../folders/class-folders.ts";
import { decodeNpy } from "./npy-file.ts";
import { safetensorsArrays } from "./safetensors-file.ts";
import type { StoredArray } from "./stored-array.ts";
import { zipEntries } from "./zip-entries.ts";

/** Endings of the files that hold arrays. */
export const ARRAY_EXTENSIONS: readonly string[] = [".npy", ".npz", ".safetensors"];

/** Larger files are refused: Node reads at most 2 GB at once. */
const MOST_BYTES = 2_000_000_000;

/** The arrays of a file or folder. */
export interface Arrays {
  readonly names: readonly string[];
  /** Reads an array. @throws DataFilesError if no array has the name, or if it is damaged */
  read(name: string): Promise<StoredArray>;
}

/**
 * Opens a `.npz` or `.safetensors` file, or a folder of `.npy` files, which are named after their arrays. A `.npy` file is one array,
 * whose name is that of the file.
 *
 * @throws DataFilesError if the path cannot be read or is of another kind
 */
export async function openArrays(path: string): Promise<Arrays> {
  const found = await stat(path).catch((cause: Error) => {
    throw new DataFilesError(`${shown(path)} cannot be read: it does not exist.`, "Check the path.", { cause });
  });
  const ending = extname(path).toLowerCase();
  if (found.isDirectory()) {
    const files = await filesIn(path, [".npy"]);
    return named(path, new Map(files.map((file) => [nameOf(file), async () => decodeNpy(await bytesOf(file))])));
  }
  if (ending === ".npy") return named(path, new Map([[nameOf(path), async () => decodeNpy(await bytesOf(path))]]));
  if (ending === ".safetensors")
    return named(path, await within(path, async () => safetensorsArrays(await bytesOf(path))));
  if (ending !== ".npz")
    throw new DataFilesError(
      `${shown(path)} holds no arrays.`,
      `Give a ${ARRAY_EXTENSIONS.join(", ")} file, or a folder of .npy files.`,
    );
  const entries = await within(path, async () => zipEntries(await bytesOf(path)));
  return named(path, new Map(entries.map(({ name, read }) => [name.replace(/\.npy$/, ""), () => decodeNpy(read())])));
}

function named(path: string, arrays: ReadonlyMap<string, () => StoredArray | Promise<StoredArray>>): Arrays {
  const names = [...arrays.keys()];
  return {
    names,
    async read(name) {
      const read = arrays.get(name);
      if (read) return within(join(path, name), async () => read());
      throw new DataFilesError(`${shown(path)} has no array ${shown(name)}.`, didYouMean(name, names));
    },
  };
}

/** Puts the place before an error that begins with "its". */
async function within<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DataFilesError)) throw error;
    throw new DataFilesError(`${shown(place)} cannot be used: ${error.message.split("\n")[0]}`, error.hint, {
      cause: error,
    });
  }
}

async function bytesOf(path: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size > MOST_BYTES)
    throw new DataFilesError(
      `it has ${Math.round(size / 1e6)} MB.`,
      `Give a file with up to ${MOST_BYTES / 1e6} MB, or a stream to fineTune.`,
    );
  return readFile(path);
}

function nameOf(file: string): string {
  return basename(file, ".npy");
}

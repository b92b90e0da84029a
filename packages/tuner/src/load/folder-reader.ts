import type { ReadFile } from "./load-folder.ts";
import { LoadError } from "./load-safetensors.ts";

/** Reads files of a folder on disk (Node). Links that lead out of it are refused as well. */
export function folderReader(folder: string): ReadFile {
  const [fsName, pathName] = ["node:fs/promises", "node:path"];
  return async (path) => {
    // Not literals: bundlers for browsers would try to resolve them.
    const { readFile, realpath } = (await import(
      /* @vite-ignore */ fsName as string
    )) as typeof import("node:fs/promises");
    const { join, sep } = (await import(/* @vite-ignore */ pathName as string)) as typeof import("node:path");
    const root = await realpath(folder);
    const full = await realpath(join(root, path));
    if (!full.startsWith(root + sep))
      throw new LoadError(`${path} is a link out of ${folder}.`, "Copy the file into the folder.");
    const buffer = await readFile(full);
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  };
}

/** Reads files below an address by `fetch`. */
export function urlReader(base: string): ReadFile {
  return async (path) => {
    const response = await fetch(new URL(path, base));
    if (!response.ok) throw new LoadError(`${base}${path}: HTTP ${response.status}.`, "Is the address right?");
    return new Uint8Array(await response.arrayBuffer());
  };
}

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

/**
 * Reads files below an address by `fetch`.
 *
 * @param base absolute, and a folder: it ends in "/".
 * @throws LoadError where it is not; when reading, where a path leads out of it or the answer is no success.
 */
export function urlReader(base: string): ReadFile {
  const root = hrefOf(base);
  if (!root?.endsWith("/"))
    throw new LoadError(
      `${base} is no folder's address.`,
      'Give an absolute one that ends in "/": urlReader("https://example.org/model/").',
    );
  return async (path) => {
    const address = hrefOf(path, root);
    if (!address?.startsWith(root))
      throw new LoadError(`${JSON.stringify(path)} leads out of ${base}.`, "It is refused.");
    const response = await fetch(address);
    if (!response.ok) throw new LoadError(`${base}${path}: HTTP ${response.status}.`, "Is the address right?");
    return new Uint8Array(await response.arrayBuffer());
  };
}

function hrefOf(path: string, root?: string): string | undefined {
  // `URL.parse` is younger than the browsers that tfjs runs in.
  return URL.canParse(path, root) ? new URL(path, root).href : undefined;
}

import type { ReadFile } from "./load-folder.ts";
import { LoadError } from "../../files/load-error.ts";

/** Creates a reader for the files of a folder on disk (Node). Refuses links that lead out of the folder. */
export function folderReader(folder: string): ReadFile {
  const [fsName, pathName] = ["node:fs/promises", "node:path"];
  return async (path) => {
    // The module names are variables, because bundlers for browsers would try to resolve literals.
    const { readFile, realpath } = (await import(
      /* @vite-ignore */ fsName as string
    )) as typeof import("node:fs/promises");
    const { join, sep } = (await import(/* @vite-ignore */ pathName as string)) as typeof import("node:path");
    const root = await realpath(folder);
    const full = await realpath(join(root, path));
    if (!full.startsWith(root + sep))
      throw new LoadError(`${path} is a link out of the folder ${folder}.`, "Copy the file into the folder.");
    const buffer = await readFile(full);
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  };
}

/**
 * Creates a reader that fetches files below a URL.
 *
 * @param base absolute URL of a folder; it must end in "/".
 * @throws LoadError if `base` is not such a URL. The reader throws LoadError if a path leads out of `base` or the request fails.
 */
export function urlReader(base: string): ReadFile {
  const root = hrefOf(base);
  if (!root?.endsWith("/"))
    throw new LoadError(
      `${base} is not the URL of a folder.`,
      'Give an absolute URL that ends in "/": urlReader("https://example.org/model/").',
    );
  return async (path) => {
    const address = hrefOf(path, root);
    if (!address?.startsWith(root))
      throw new LoadError(`The path ${JSON.stringify(path)} leads out of ${base}.`, "Move the file below that URL.");
    const response = await fetch(address);
    if (!response.ok) throw new LoadError(`${base}${path}: HTTP ${response.status}.`, "Is the URL right?");
    return new Uint8Array(await response.arrayBuffer());
  };
}

function hrefOf(path: string, root?: string): string | undefined {
  // Some browsers that tfjs supports do not have `URL.parse`.
  return URL.canParse(path, root) ? new URL(path, root).href : undefined;
}

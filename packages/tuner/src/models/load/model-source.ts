import { folderOf } from "../../files/folder-of.ts";
import { LoadError } from "../../files/load-error.ts";
import { folderReader, urlReader } from "./folder-reader.ts";
import type { ReadFile } from "./load-folder.ts";

/** A file of a model's folder, and the function that reads files of that folder. */
export interface ModelSource {
  readonly read: ReadFile;
  readonly file: string;
}

/**
 * Returns the reader and the file's name for a path (in Node) or an address (`https:`). A reader with a name is returned as it is.
 *
 * @throws LoadError if `source` is none of these.
 */
export function sourceOf(source: string | ModelSource): ModelSource {
  if (typeof source !== "string") {
    if (typeof source?.read === "function") return source;
    throw new LoadError("The model's source is not a path.", "Give a path, an address, or { read, file }.");
  }
  if (/^https?:/.test(source)) {
    const slash = source.lastIndexOf("/") + 1;
    return { read: urlReader(source.slice(0, slash)), file: source.slice(slash) };
  }
  const name = source.slice(Math.max(source.lastIndexOf("/"), source.lastIndexOf("\\")) + 1);
  return { read: folderReader(folderOf(source)), file: name };
}

import { urlReader } from "@graftjs/tuner";
import { StudioError } from "../protocol.ts";

/** Files of a base. */
export interface BaseSource {
  /** Name of the file `model.json`. */
  readonly name: string;
  /** Reads a file by its path relative to `model.json`. */
  read(path: string): Promise<Uint8Array>;
}

/** Reads a base from the web. @param url address of its `model.json` */
export function baseAt(url: string): BaseSource {
  const folder = url.slice(0, url.lastIndexOf("/") + 1);
  return { name: url.slice(folder.length), read: urlReader(folder) };
}

/** Largest base that a person may bring, in bytes. The browser stores it. */
const MOST = 200 * 2 ** 20;

/**
 * Reads a base from files that a person has chosen: a `model.json` and its weights.
 *
 * @throws StudioError if no file or several files end in `.json`, or if they are larger than 200 MB together
 */
export function baseOf(files: readonly File[]): BaseSource {
  const named = new Map(files.map((file) => [file.name, file]));
  const models = files.filter(({ name }) => name.endsWith(".json"));
  const [model] = models;
  if (!model || models.length > 1)
    throw new StudioError("own-base", `A base needs one file that ends in .json, and ${models.length} were chosen.`);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (bytes > MOST)
    throw new StudioError("own-base", `A base has at most ${MOST} bytes, and these files have ${bytes}.`);
  return {
    name: model.name,
    async read(path) {
      const file = named.get(path);
      if (!file)
        throw new StudioError("own-base", `The file ${path} is missing. Choose it together with ${model.name}.`);
      return new Uint8Array(await file.arrayBuffer());
    },
  };
}

import { stat } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { RunData } from "@graftjs/tuner";
import { UsageError } from "../terminal/errors.ts";

/**
 * Calls the default export of a module, which returns the data.
 *
 * @param given the module's path, relative to `folder`.
 * @throws UsageError if the module cannot be loaded or returns no data
 */
export async function readDataModule(folder: string, given: string): Promise<RunData> {
  const path = resolve(folder, given);
  await assertModule(path, given);
  let module: { default?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as typeof module;
  } catch (cause) {
    throw new UsageError(
      `The data module ${given} cannot be loaded: ${(cause as Error).message}`,
      `Check "data" in the recipe's "run". It leads to ${path}.`,
      { cause },
    );
  }
  if (typeof module.default !== "function") {
    throw new UsageError(
      `The default export of the data module ${given} is not a function.`,
      "export default () => ({ data: { xs, ys }, validation: { xs, ys } });",
    );
  }
  const returned = (await module.default()) as RunData;
  if (returned?.data) return returned;
  throw new UsageError(
    `The data module ${given} returned no \`data\`.`,
    "Return { data: { xs, ys } }, and also { validation: { xs, ys } } if you have validation examples.",
  );
}

/** Data sources for files that are not modules, by their ending. */
const SOURCES: Readonly<Record<string, string>> = {
  ...{ ".csv": "table", ".tsv": "table", ".jsonl": "table", ".ndjson": "table" },
  ...{ ".npy": "arrays", ".npz": "arrays" },
};

/** Checks that the data are a file that can be a module. @throws UsageError with the data source for a folder or a table */
async function assertModule(path: string, given: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  const written = (use: string): string =>
    `"data": { "use": ${JSON.stringify(use)}, "with": { "path": ${JSON.stringify(given)} } }`;
  if (found?.isDirectory())
    throw new UsageError(
      `The data ${given} are a folder, and a bare path means a module.`,
      `Say what the folder has: ${written("images")}, or "sounds" or "texts" in the place of "images".`,
    );
  const source = SOURCES[extname(path).toLowerCase()];
  if (source !== undefined)
    throw new UsageError(`The data ${given} are not a module.`, `Say what they are: ${written(source)}.`);
  if (!found)
    throw new UsageError(
      `The data module ${given} does not exist.`,
      `Check "data" in the recipe's "run". It leads to ${path}.`,
    );
}

import { resolve } from "node:path";
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

import { extname } from "node:path";
import type { Registry, Use } from "@graftjs/registry";
import type { DataContext, ReadRunData } from "@graftjs/tuner";
import { pathRefusal, type Trust } from "../project/trust.ts";
import { UsageError } from "../terminal/errors.ts";

/** The part of a recipe that determines the data. */
export interface DataUse {
  /** Folder that paths are relative to. */
  readonly folder: string;
  /** A path, or a data source by name with its options. */
  readonly run: { readonly data: Use };
  /** The code that the recipe may name. */
  readonly trust: Trust;
}

/**
 * Reads a recipe's data. A path is short for `data-file` if it ends in `.safetensors`, else for `data-module`.
 *
 * @throws RecipeError if no data source has this name, or if its options are wrong
 * @throws UsageError if the data cannot be read
 */
export async function readData(
  { folder, run, trust }: DataUse,
  registry: Registry,
  context: DataContext,
): Promise<ReadRunData> {
  const use = dataUse(run.data);
  const refused = refusedData(use, folder, trust);
  if (refused !== undefined) throw new UsageError("The data cannot be used.", refused);
  const source = await registry.create("data-source", use);
  const returned = await source.read(folder, context);
  if (returned?.data) return returned;
  throw new UsageError(
    `The data source of the recipe returned no \`data\`.`,
    "Its `read` must return { data, validation? }, each as fineTune takes it.",
  );
}

function refusedData(use: Use, folder: string, trust: Trust): string | undefined {
  const { use: name, with: options } = typeof use === "string" ? { use, with: undefined } : use;
  if (name !== "data-module") return undefined;
  return pathRefusal(String((options as { path?: unknown } | undefined)?.path), folder, trust);
}

/** Returns the data source that a recipe's `run.data` means. */
export function dataUse(data: Use): Use {
  if (typeof data !== "string") return data;
  return { use: extname(data) === ".safetensors" ? "data-file" : "data-module", with: { path: data } };
}

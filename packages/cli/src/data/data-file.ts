import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { didYouMean, GraftError } from "@graftjs/core";
import { type RunData, readSafetensors, type StoredTensor, type TensorData, tensorOf } from "@graftjs/tuner";
import { reasonOf } from "../project/files.ts";
import { UsageError } from "../terminal/errors.ts";

/**
 * Reads examples from a safetensors file. It holds tensors `xs` and `ys`, and `val_xs` and `val_ys` if there are validation
 * examples, with the examples on axis 0. A model with several inputs or outputs has one tensor for each: `xs/name`, with the
 * model's name of the input.
 *
 * @param given the file's path, relative to `folder`.
 * @throws UsageError if the file cannot be read, or lacks a tensor, or holds others
 */
export async function readDataFile(folder: string, given: string): Promise<RunData> {
  const path = resolve(folder, given);
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(
      `The data file cannot be read: ${reasonOf(cause)}.`,
      `Check "data" in the recipe's "run". It leads to ${path}.`,
      { cause },
    );
  });
  try {
    const { tensors } = readSafetensors(bytes);
    checkNames(tensors, path);
    const part = (prefix: string) => ({
      xs: dataOf(columnOf(tensors, `${prefix}xs`) as Column),
      ys: dataOf(columnOf(tensors, `${prefix}ys`) as Column),
    });
    return { data: part(""), ...(columnOf(tensors, "val_xs") ? { validation: part("val_") } : {}) };
  } catch (cause) {
    if (!(cause instanceof GraftError) || cause instanceof UsageError) throw cause;
    throw new UsageError(`The data file ${path} cannot be used.`, cause.message.replaceAll("\n  ", "\n"), { cause });
  }
}

const NAMES = ["xs", "ys", "val_xs", "val_ys"];
const ALLOWED = /^(val_)?[xy]s(\/.+)?$/;

function checkNames(tensors: ReadonlyMap<string, StoredTensor>, path: string): void {
  const others = [...tensors.keys()].filter((name) => !ALLOWED.test(name));
  if (others.length > 0) {
    const hints = others.map((name) => `\`${name}\` is not a name of data. ${didYouMean(name, NAMES)}`);
    throw new UsageError(`The data file ${path} holds tensors that are not data.`, hints.join("\n"));
  }
  const missing = ["xs", "ys"].filter((name) => !columnOf(tensors, name));
  const missingValidation = ["val_xs", "val_ys"].filter((name) => !columnOf(tensors, name));
  if (missingValidation.length === 1) missing.push(...missingValidation);
  if (missing.length > 0)
    throw new UsageError(
      `The data file ${path} lacks ${missing.join(" and ")}.`,
      "A data file holds xs and ys, or also val_xs and val_ys, with the examples on axis 0.",
    );
}

/** One tensor, or one for each input or output of the model. */
type Column = StoredTensor | readonly (readonly [name: string, tensor: StoredTensor])[];

/** Finds the tensors `name/...`, or else the tensor `name`. */
function columnOf(tensors: ReadonlyMap<string, StoredTensor>, name: string): Column | undefined {
  const named = [...tensors].filter(([key]) => key.startsWith(`${name}/`));
  if (named.length > 0) return named.map(([key, tensor]) => [key.slice(name.length + 1), tensor] as const);
  return tensors.get(name);
}

function dataOf(column: Column): TensorData {
  if ("dtype" in column) return tensorOf(column, "the data");
  return Object.fromEntries(column.map(([name, tensor]) => [name, tensorOf(tensor, name)]));
}

import { readFile } from "node:fs/promises";
import { GraftError, suggest } from "@graftjs/core";
import { type FineTuneOptions, readSafetensors, type StoredTensor, type TensorData, tensorOf } from "@graftjs/tuner";
import { UsageError } from "../terminal/errors.ts";
import { reasonOf } from "../terminal/files.ts";

/** What a recipe's data file or data module gives. */
export type RunData = Pick<FineTuneOptions, "data" | "validation">;

/**
 * Examples from a safetensors file: `xs`, `ys`, and `val_xs`, `val_ys` for validation, the examples on axis 0. For several inputs or
 * outputs `xs/name`, by the model's names. @throws UsageError
 */
export async function readDataFile(path: string): Promise<RunData> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`The data file cannot be read: ${reasonOf(cause)}.`, `Looked at ${path}.`, { cause });
  });
  try {
    const { tensors } = readSafetensors(bytes);
    const strange = [...tensors.keys()].filter((name) => !COLUMN.test(name));
    if (strange.length > 0) {
      const hints = strange.map((name) => `\`${name}\` is no part of the data. ${suggest(name, NAMES)}`);
      throw new UsageError(`The data file ${path} holds other tensors.`, hints.join("\n"));
    }
    const missing = ["xs", "ys"].filter((name) => !columnOf(tensors, name));
    const half = ["val_xs", "val_ys"].filter((name) => !columnOf(tensors, name));
    if (half.length === 1) missing.push(...half);
    if (missing.length > 0)
      throw new UsageError(
        `The data file ${path} lacks ${missing.join(" and ")}.`,
        "It holds xs and ys, examples on axis 0.",
      );
    const part = (prefix: string) => ({
      xs: made(columnOf(tensors, `${prefix}xs`) as Column),
      ys: made(columnOf(tensors, `${prefix}ys`) as Column),
    });
    return { data: part(""), ...(half.length === 0 ? { validation: part("val_") } : {}) };
  } catch (cause) {
    if (!(cause instanceof GraftError) || cause instanceof UsageError) throw cause;
    throw new UsageError(`The data file ${path} cannot be used.`, cause.message.replaceAll("\n  ", "\n"), { cause });
  }
}

const NAMES = ["xs", "ys", "val_xs", "val_ys"];
const COLUMN = /^(val_)?[xy]s(\/.+)?$/;

type Column = StoredTensor | readonly (readonly [name: string, tensor: StoredTensor])[];

/** One tensor under the name, or those whose names go on behind it. */
function columnOf(tensors: ReadonlyMap<string, StoredTensor>, name: string): Column | undefined {
  const named = [...tensors].filter(([key]) => key.startsWith(`${name}/`));
  if (named.length > 0) return named.map(([key, tensor]) => [key.slice(name.length + 1), tensor] as const);
  return tensors.get(name);
}

function made(column: Column): TensorData {
  if ("dtype" in column) return tensorOf(column, "the data");
  return Object.fromEntries(column.map(([name, tensor]) => [name, tensorOf(tensor, name)]));
}

import { formatNames } from "@graftjs/core";
import type { CutModel } from "../../models/adapter/model-adapter.ts";
import type { CachedDataset } from "../../pipeline/batches/cached-dataset.ts";
import type { Assembly } from "../assembly/assembly.ts";
import { nonFiniteExamples } from "./evaluate.ts";

/**
 * Warns if a value of the validation is NaN or infinite, and names the first batch of examples that causes it. The run continues: the
 * weights are finite, and callbacks leave out an epoch whose value is NaN.
 */
export async function warnNonFinite(
  assembly: Assembly,
  cut: CutModel,
  seen: CachedDataset,
  { epoch, values }: { readonly epoch: number; readonly values: Readonly<Record<string, number>> },
  warn: (line: string, about: string) => void,
): Promise<void> {
  const wrong = Object.entries(values).filter(([, value]) => !Number.isFinite(value));
  if (wrong.length === 0) return;
  const found = await nonFiniteExamples(assembly, cut, seen);
  const where = found
    ? `The first are the examples ${found.first} to ${found.last} of the validation data.`
    : "The loss of every batch is finite.";
  const names = formatNames(wrong.map(([key, value]) => `val_${key} = ${value}`));
  warn(
    `The validation after epoch ${epoch + 1} gave ${names}. ${where} Check these examples and their labels.`,
    "validation",
  );
}

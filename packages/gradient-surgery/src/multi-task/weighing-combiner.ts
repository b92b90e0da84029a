import { assertFiniteTasks, type OptionSchema, type WeighingCombiner } from "@graftjs/core";

/** Options of every combiner that weighs tasks. */
export interface WeighingOptions {
  /** The parameters that share one Gramian: all, those of a layer, or those of a tensor. @default "whole" */
  readonly granularity?: "whole" | "layer" | "tensor";
}

/** Schema of `granularity`. */
export const granularityOption: OptionSchema = {
  enum: ["whole", "layer", "tensor"],
  default: "whole",
  description: "Parameters that share one Gramian: all, those of a layer, or one tensor",
};

/** The step and the group of parameters that a Gramian belongs to. */
export interface GramianOrigin {
  readonly step: number;
  readonly group: string;
}

/**
 * Creates a combiner without state from a function that returns one weight per task for a Gramian. It refuses a Gramian that
 * is not finite.
 */
export function weighingCombiner(
  name: string,
  { granularity = "whole" }: WeighingOptions,
  rule: (gram: Float64Array, tasks: readonly string[], at: GramianOrigin) => Float64Array,
): WeighingCombiner<null> {
  return {
    name,
    granularity,
    init: () => null,
    weigh(gram, tasks, state, at) {
      assertGramian(name, gram, tasks);
      return { weights: rule(gram, tasks, at), state };
    },
  };
}

/** @throws NonFiniteError that names the tasks with a row that is not finite. */
export function assertGramian(name: string, gram: Float64Array, tasks: readonly string[]): void {
  if (gram.every(Number.isFinite)) return;
  const m = tasks.length;
  const at = `\`${name}\`: `;
  assertFiniteTasks(
    tasks,
    tasks.map((_, i) => gram[i * m + i] as number),
    at,
  );
  // Each gradient is finite, but a product of two of them is not.
  assertFiniteTasks(
    tasks,
    tasks.map((_, i) => gram.subarray(i * m, (i + 1) * m).reduce((a, b) => a + b * 0, 0)),
    at,
  );
}

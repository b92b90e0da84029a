import { formatNames, NonFiniteError, type OptionSchema, type WeighingCombiner } from "@graftjs/core";

/** Options that every combiner by weights has. */
export interface WeighingOptions {
  /** Over which parameters one Gramian is taken: all together, a layer, or a tensor at a time. @default "whole" */
  readonly granularity?: "whole" | "layer" | "tensor";
}

export const granularityOption: OptionSchema = {
  enum: ["whole", "layer", "tensor"],
  default: "whole",
  description: "Parameters that share one Gramian: all, those of a layer, or one tensor",
};

/** Where a Gramian is from, and when. */
export interface GramianOrigin {
  readonly step: number;
  readonly group: string;
}

/** A combiner without memory from its rule: Gramian in, one weight a task out. Refuses a Gramian that is not finite. */
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

/** @throws NonFiniteError naming the tasks whose row is not finite. */
export function assertGramian(name: string, gram: Float64Array, tasks: readonly string[]): void {
  if (gram.every(Number.isFinite)) return;
  const m = tasks.length;
  const own = tasks.filter((_, i) => !Number.isFinite(gram[i * m + i]));
  const wrong =
    own.length > 0 ? own : tasks.filter((_, i) => !gram.subarray(i * m, (i + 1) * m).every(Number.isFinite));
  throw new NonFiniteError(
    `\`${name}\`: the gradient of task ${formatNames(wrong)} is not finite.`,
    "Weights are untouched. Look at that task's loss and data.",
  );
}

import { type AnyCombiner, type AnyHook, RecipeError } from "@graftjs/core";
import type { BatchedRun } from "./assert-batches.ts";
import type { Collective } from "../../parallel/collective.ts";
import { rankShard } from "../../pipeline/order/shards.ts";

/** The facts that decide whether several ranks may share a run. */
export interface SharedRun extends BatchedRun {
  readonly hooks: readonly AnyHook[];
  readonly combiner: AnyCombiner | undefined;
}

/** Checks that several ranks can do a run together. @throws RecipeError with every problem, or DataError if there are too few examples */
export function assertRanks(collective: Collective, run: SharedRun, batchSize: number): void {
  if (collective.size === 1) return;
  const { phases, stateful, hooks, combiner, train, validation } = run;
  const normalising = phases.flatMap(({ cut }) => cut.batchStatistics);
  const twice = hooks.find(({ name }) => name === "average-gradients");
  const fixed = phases[0]?.cut.fixedBatch;
  const problems = [
    ...(normalising.length > 0
      ? [
          `\`${normalising[0]}\` normalises by the batch, and a rank has only a part of it. Freeze it with the patch frozen-bn.`,
        ]
      : []),
    ...(stateful.length > 0
      ? [`\`${stateful[0]}\` is stateful: its next batch continues the last one. Use one rank.`]
      : []),
    ...(fixed === undefined
      ? []
      : [`The model takes only batches of ${fixed}, and a rank has a part of a batch. Use one rank.`]),
    ...(combiner ? [`\`${combiner.name}\` combines the gradients of a whole batch. Use one rank.`] : []),
    ...(twice ? ["fineTune averages the gradients itself. Leave the hook average-gradients out."] : []),
  ];
  if (problems.length > 0)
    throw new RecipeError(
      `${collective.size} ranks cannot share this run: ${problems.length} problem(s).`,
      problems.join("\n"),
    );
  rankShard(train, batchSize, collective, "data");
  if (validation) rankShard(validation, batchSize, collective, "validation");
}

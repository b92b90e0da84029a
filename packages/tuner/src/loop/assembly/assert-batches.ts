import type { Ports } from "../../models/adapter/ports.ts";
import { DataError } from "../../pipeline/data-error.ts";
import type { Source } from "../../pipeline/source/source.ts";
import type { Phase } from "./phases.ts";

/** The facts that decide which batch sizes a run may have. */
export interface BatchedRun {
  readonly phases: readonly Phase[];
  readonly ports: Ports;
  /** Stable paths of stateful layers. */
  readonly stateful: readonly string[];
  readonly train: Source;
  readonly validation: Source | undefined;
}

/** Checks that every batch has a size that the model can take. @throws DataError if one has not */
export function assertBatches(run: BatchedRun, batchSize: number): void {
  assertSeveralExamples(run, batchSize);
  assertWholeBatches(run, batchSize);
}

/** Refuses batches of one example: batch norm over one example outputs beta for every example. */
function assertSeveralExamples({ phases, train: { size } }: BatchedRun, batchSize: number): void {
  const lone = [...new Set(phases.flatMap(({ cut }) => cut.batchStatistics))];
  if (lone.length === 0 || (Math.min(batchSize, size) > 1 && size % batchSize !== 1)) return;
  const what =
    batchSize === 1 || size === 1 ? "Batches have one example" : "The last batch of an epoch has one example";
  throw new DataError(
    `${what}, and \`${lone[0]}\` normalises by the batch.`,
    `Choose another batchSize for ${size} examples, or freeze the statistics with the patch frozen-bn.`,
  );
}

/** Refuses other batches than those that a stateful layer was built for: row i of its state continues row i of the next batch. */
function assertWholeBatches({ ports, stateful, train, validation }: BatchedRun, batchSize: number): void {
  const fixed = ports.inputs[0]?.shape[0];
  if (stateful.length === 0 || fixed === undefined || fixed === null) return;
  const why = `\`${stateful[0]}\` is stateful and built for batches of ${fixed}`;
  if (batchSize !== fixed) throw new DataError(`${why}, but batchSize is ${batchSize}.`, `Set batchSize: ${fixed}.`);
  for (const [what, source] of [
    ["data", train],
    ["validation", validation],
  ] as const) {
    if (!source || source.size % fixed === 0) continue;
    throw new DataError(
      `${why}, but the last batch of \`${what}\` has ${source.size % fixed} example(s).`,
      `Give a multiple of ${fixed} examples, not ${source.size}.`,
    );
  }
}

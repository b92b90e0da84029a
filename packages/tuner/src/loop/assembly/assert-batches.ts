import type { ModelAdapter } from "../../models/adapter/model-adapter.ts";
import { DataError } from "../../pipeline/data-error.ts";
import type { Source } from "../../pipeline/source/source.ts";
import type { Phase } from "./phases.ts";

/** The facts that decide which batch sizes a run may have. */
export interface BatchedRun {
  readonly phases: readonly Phase[];
  readonly adapter: Pick<ModelAdapter, "name" | "ports">;
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

/** A batch size that a model requires, and the reason. */
interface FixedBatch {
  readonly size: number;
  readonly why: string;
  readonly fix: string;
}

function assertWholeBatches(run: BatchedRun, batchSize: number): void {
  const fixed = fixedBatch(run);
  if (!fixed) return;
  const { size, why, fix } = fixed;
  if (batchSize !== size) throw new DataError(`${why}, but batchSize is ${batchSize}.`, `Set batchSize: ${size}.${fix}`);
  for (const [what, source] of [
    ["data", run.train],
    ["validation", run.validation],
  ] as const) {
    if (!source || source.size % size === 0) continue;
    throw new DataError(
      `${why}, but the last batch of \`${what}\` has ${source.size % size} example(s).`,
      `Give a multiple of ${size} examples, not ${source.size}.${fix}`,
    );
  }
}

/**
 * Finds the only batch size that the model takes. For a stateful layer, row i of its state continues row i of the next batch. A
 * GraphModel may have been converted for one batch size: tfjs refuses others, and its nodes may contain the size.
 */
function fixedBatch({ adapter: { name, ports }, phases, stateful }: BatchedRun): FixedBatch | undefined {
  if (stateful.length > 0) {
    const size = ports.inputs[0]?.shape[0];
    const why = `\`${stateful[0]}\` is stateful and built for batches of ${size}`;
    return typeof size === "number" ? { size, why, fix: "" } : undefined;
  }
  const size = phases[0]?.cut.fixedBatch;
  if (size === undefined) return undefined;
  const why = `The inputs of the ${name} were converted for batches of ${size}`;
  return { size, why, fix: " For other sizes, convert the model again with a batch of any size." };
}

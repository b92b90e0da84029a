import { GraftError, type LayersLike, namedWeights } from "@graftjs/core";

/** Values of running means and variances by stable name, as they were when they were read. */
export type RunningStatistics = Readonly<Record<string, Float32Array>>;

/** Reads every running statistic of a model, frozen or not. */
export async function readStatistics(model: LayersLike): Promise<RunningStatistics> {
  const weights = namedWeights(model).filter(({ statistic }) => statistic);
  const values = await Promise.all(weights.map(async ({ variable }) => Float32Array.from(await variable.data())));
  return Object.fromEntries(weights.map(({ name }, i) => [name, values[i] as Float32Array]));
}

/**
 * For tests: no running statistic of `model` has moved by a single bit since `before` was read.
 *
 * @throws GraftError naming each that moved, and how far at most; or that is there no more, or is new.
 */
export async function assertStatisticsUnmoved(model: LayersLike, before: RunningStatistics): Promise<void> {
  const now = await readStatistics(model);
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const moved = names.flatMap((name) => {
    const [old, current] = [before[name], now[name]];
    if (!old || !current) return [`${name}: ${old ? "is gone" : "was not there before"}`];
    if (old.length === current.length && current.every((value, i) => Object.is(value, old[i]))) return [];
    const distances = [...current].map((value, i) => Math.abs(value - (old[i] as number)));
    return [`${name}: by ${Math.max(...distances).toExponential(2)} at most`];
  });
  if (moved.length === 0) return;
  throw new GraftError(
    `${moved.length} of ${names.length} running statistics moved:\n  ${moved.join("\n  ")}`,
    "Apply frozenBatchNorm() before the first step: stock tfjs moves them whatever `trainable` says.",
  );
}

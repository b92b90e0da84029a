import { GraftError, type LayersLike, namedWeights } from "@graftjs/core";

/** Values of running means and variances, by stable name. */
export type RunningStatistics = Readonly<Record<string, Float32Array>>;

/** Reads all running means and variances of a model, whether or not they are frozen. */
export async function readStatistics(model: LayersLike): Promise<RunningStatistics> {
  const weights = namedWeights(model).filter(({ statistic }) => statistic);
  const values = await Promise.all(weights.map(async ({ variable }) => Float32Array.from(await variable.data())));
  return Object.fromEntries(weights.map(({ name }, i) => [name, values[i] as Float32Array]));
}

/**
 * Asserts that no running statistic has changed since `before` was read, bit for bit. Use it in tests.
 *
 * @throws GraftError that names each statistic that changed with its largest change, and each that is gone or new.
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
    "Apply frozenBatchNorm() before the first step. Stock tfjs moves the statistics even if `trainable` is false.",
  );
}

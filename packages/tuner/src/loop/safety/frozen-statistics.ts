import { formatNames, GraftError, type NamedWeight } from "@graftjs/core";

/** A statistic moved that a patch promised to hold. */
export class FrozenStatisticsError extends GraftError {}

/** What the held statistics are at the start. */
export type FrozenStatistics = readonly { readonly weight: NamedWeight; readonly values: ArrayLike<number> }[];

export async function frozenStatistics(held: readonly NamedWeight[]): Promise<FrozenStatistics> {
  return Promise.all(held.map(async (weight) => ({ weight, values: await weight.variable.data() })));
}

/** @throws FrozenStatisticsError naming each statistic that is no longer bit for bit what it was. */
export async function assertFrozen(statistics: FrozenStatistics): Promise<void> {
  const moved: string[] = [];
  for (const { weight, values } of statistics) {
    const now = await weight.variable.data();
    if (now.some((value, i) => !Object.is(value, values[i]))) moved.push(weight.name);
  }
  if (moved.length > 0) {
    throw new FrozenStatisticsError(
      `The patch should hold ${formatNames(moved)}, and they moved.`,
      "Something put the layer's own `call` back during the run: apply patches only through fineTune.",
    );
  }
}

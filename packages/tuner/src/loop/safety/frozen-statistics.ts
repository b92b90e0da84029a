import { formatNames, GraftError, type NamedWeight } from "@graftjs/core";

/** A statistic changed although a patch promised to freeze it. */
export class FrozenStatisticsError extends GraftError {
  override name = "FrozenStatisticsError";
}

/** The frozen statistics with their values at the start. */
export type FrozenStatistics = readonly { readonly weight: NamedWeight; readonly values: ArrayLike<number> }[];

/** Reads the values of the statistics that patches keep frozen. */
export async function frozenStatistics(held: readonly NamedWeight[]): Promise<FrozenStatistics> {
  return Promise.all(held.map(async (weight) => ({ weight, values: await weight.variable.data() })));
}

/** @throws FrozenStatisticsError that names each statistic whose value is no longer the same bit for bit. */
export async function assertFrozen(statistics: FrozenStatistics): Promise<void> {
  const moved: string[] = [];
  for (const { weight, values } of statistics) {
    const now = await weight.variable.data();
    if (now.some((value, i) => !Object.is(value, values[i]))) moved.push(weight.name);
  }
  if (moved.length > 0) {
    throw new FrozenStatisticsError(
      `The patch should freeze ${formatNames(moved)}, but their values changed.`,
      "Something restored the layer's own `call` during the run. Apply patches only through fineTune.",
    );
  }
}

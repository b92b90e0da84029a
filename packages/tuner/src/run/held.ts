import { GraftError, list, type NamedWeight } from "@graftjs/core";

/** A statistic moved that a patch promised to hold. */
export class HeldError extends GraftError {}

/** What the held statistics are at the start. */
export type HeldStatistics = readonly { readonly weight: NamedWeight; readonly values: ArrayLike<number> }[];

export async function heldStatistics(held: readonly NamedWeight[]): Promise<HeldStatistics> {
  return Promise.all(held.map(async (weight) => ({ weight, values: await weight.variable.data() })));
}

/** @throws HeldError naming each statistic that is no longer bit for bit what it was. */
export async function assertHeld(statistics: HeldStatistics): Promise<void> {
  const moved: string[] = [];
  for (const { weight, values } of statistics) {
    const now = await weight.variable.data();
    if (now.some((value, i) => !Object.is(value, values[i]))) moved.push(weight.name);
  }
  if (moved.length > 0) {
    throw new HeldError(
      `The patch should hold ${list(moved)}, and they moved.`,
      "Something put the layer's own `call` back during the run: apply patches only through fineTune.",
    );
  }
}

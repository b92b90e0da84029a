import { namedWeights } from "@graftjs/core";
import type { LayersModel } from "@tensorflow/tfjs-layers";

/** Copies every batch-norm statistic of a model, by its name. */
export async function statistics(model: LayersModel): Promise<ReadonlyMap<string, Float32Array>> {
  const weights = namedWeights(model).filter(({ statistic }) => statistic);
  return new Map(
    await Promise.all(
      weights.map(async ({ name, variable }) => [name, (await variable.data()) as Float32Array] as const),
    ),
  );
}

/** Counts the statistics that differ in any bit. */
export function moved(before: ReadonlyMap<string, Float32Array>, after: ReadonlyMap<string, Float32Array>): number {
  return [...before].filter(([name, values]) => values.some((value, i) => !Object.is(value, after.get(name)?.[i])))
    .length;
}

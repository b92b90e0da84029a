import { namedWeights } from "@graftjs/core";
import type { LayersModel } from "@tensorflow/tfjs-layers";

/** Every batch-norm statistic of a model, to compare with later. */
export async function statistics(model: LayersModel): Promise<ReadonlyMap<string, Float32Array>> {
  const weights = namedWeights(model).filter(({ statistic }) => statistic);
  return new Map(
    await Promise.all(
      weights.map(async ({ name, variable }) => [name, (await variable.data()) as Float32Array] as const),
    ),
  );
}

/** How many statistics are not bit for bit what they were. */
export function moved(before: ReadonlyMap<string, Float32Array>, after: ReadonlyMap<string, Float32Array>): number {
  return [...before].filter(([name, values]) => values.some((value, i) => !Object.is(value, after.get(name)?.[i])))
    .length;
}

import type { NamedWeight, Param } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** The variables of a run: trained parameters and the model's statistics. */
export interface RunWeights {
  readonly params: readonly Param[];
  readonly statistics: readonly NamedWeight[];
}

/** Lists every variable that a run may write to. */
export function writtenWeights({ params, statistics }: RunWeights): readonly (Param | NamedWeight)[] {
  return [...params, ...statistics];
}

/** Copies the values of variables to the host, by name. */
export async function readWeights(params: readonly Param[]): Promise<Map<string, Float32Array>> {
  // Copied, because on some backends `data` returns the array that holds the tensor.
  const entries = params.map(
    async ({ name, variable }) => [name, ((await variable.data()) as Float32Array).slice()] as const,
  );
  return new Map(await Promise.all(entries));
}

/** Assigns values to the variables that have one, by name; the others stay as they are. */
export function writeWeights(params: readonly Param[], values: ReadonlyMap<string, Float32Array>): void {
  for (const { name, variable } of params) {
    const value = values.get(name);
    if (!value) continue;
    const tensor = tf.tensor(value, variable.shape, variable.dtype);
    variable.assign(tensor);
    tensor.dispose();
  }
}

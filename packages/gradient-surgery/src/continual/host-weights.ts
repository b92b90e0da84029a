import { formatNames, type Param, SelectionError, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Values by parameter name, off the device. */
export type HostWeights = { readonly [name: string]: Float32Array };

/**
 * The current values of `params`, read back once: the pretrained weights, if it is called before training. Takes
 * `namedWeights(model)` as well, where statistics of batch norm matter.
 */
export async function readWeights(params: readonly Param[]): Promise<HostWeights> {
  const values = await Promise.all(params.map(({ variable }) => variable.data()));
  return Object.fromEntries(params.map(({ name }, i) => [name, Float32Array.from(values[i] as Float32Array)]));
}

/**
 * `weights` as tensors shaped like `params`. Call it in a tidy.
 *
 * @throws SelectionError naming the parameters that are missing or of another size.
 */
export function uploadWeights(what: string, weights: HostWeights, params: TensorMap): TensorMap {
  assertFits(what, weights, params);
  return Object.fromEntries(
    Object.entries(params).map(([name, { shape }]) => [name, tf.tensor(weights[name] as Float32Array, shape)]),
  );
}

export function assertFits(
  what: string,
  weights: HostWeights,
  params: { readonly [name: string]: { size: number } },
): void {
  const missing = Object.keys(params).filter((name) => !weights[name]);
  const wrong = Object.entries(params)
    .filter(([name, { size }]) => weights[name] && weights[name].length !== size)
    .map(([name]) => name);
  if (missing.length + wrong.length === 0) return;
  throw new SelectionError(
    `${what} does not fit the parameters. Missing: ${formatNames(missing)}. Of another size: ${formatNames(wrong)}.`,
    "Take it from the same parameters: await readWeights(namedParams(model)), before training.",
  );
}

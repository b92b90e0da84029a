import { formatNames, type Param, SelectionError, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Values by parameter name, in host memory. */
export type HostWeights = { readonly [name: string]: Float32Array };

/**
 * Reads the current values of `params`. Before training these are the pretrained weights. To include the statistics of batch
 * norm, pass `namedWeights(model)`.
 */
export async function readWeights(params: readonly Param[]): Promise<HostWeights> {
  const values = await Promise.all(params.map(({ variable }) => variable.data()));
  return Object.fromEntries(params.map(({ name }, i) => [name, Float32Array.from(values[i] as Float32Array)]));
}

/**
 * Uploads `weights` as tensors with the shapes of `params`. Call it inside a tidy.
 *
 * @param label first words of the error message.
 * @throws SelectionError that names the parameters that are missing or have another size.
 */
export function uploadWeights(label: string, weights: HostWeights, params: TensorMap): TensorMap {
  assertFits(label, weights, params);
  return Object.fromEntries(
    Object.entries(params).map(([name, { shape }]) => [name, tf.tensor(weights[name] as Float32Array, shape)]),
  );
}

/** @throws SelectionError that names the parameters that are missing in `weights` or have another size. */
export function assertFits(
  label: string,
  weights: HostWeights,
  params: { readonly [name: string]: { size: number } },
): void {
  const missing = Object.keys(params).filter((name) => !weights[name]);
  const wrong = Object.entries(params)
    .filter(([name, { size }]) => weights[name] && weights[name].length !== size)
    .map(([name]) => name);
  if (missing.length + wrong.length === 0) return;
  throw new SelectionError(
    `${label} does not fit the parameters. Missing: ${formatNames(missing)}. Wrong size: ${formatNames(wrong)}.`,
    "Read it from the same parameters before training: await readWeights(namedParams(model)).",
  );
}

import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import type { H5Dataset } from "./h5-file.ts";
import { LoadError } from "../../files/load-error.ts";

/**
 * Sets a layer's weights from datasets. Compares the shapes before any value is read.
 *
 * @param where the group of the datasets, for messages.
 * @throws LoadError if the number of datasets or a shape differs.
 */
export function assignWeights(layer: layers.layers.Layer, sets: readonly H5Dataset[], where: string): void {
  assertFits(layer, sets, where);
  assignTensors(
    layer,
    sets.map((set) => tf.tensor(Float32Array.from(set.read()), [...set.shape])),
  );
}

/**
 * Checks that a layer's weights have the shapes of the stored ones.
 *
 * @throws LoadError if they have not.
 */
export function assertFits(
  layer: layers.layers.Layer,
  sets: readonly { readonly shape: readonly number[] }[],
  where: string,
): void {
  const wrong =
    sets.length !== layer.weights.length ||
    sets.some(({ shape }, i) => String(shape) !== String(layer.weights[i]?.shape));
  if (!wrong) return;
  const list = (all: readonly { readonly shape: readonly (number | null)[] }[]): string =>
    all.map(({ shape }) => `[${shape}]`).join(" ") || "none";
  throw new LoadError(
    `Layer \`${layer.name}\` has weights of shapes ${list(layer.weights as never)}, but the file has ${list(sets)} under ${where}.`,
    "Was the file saved from this configuration, and is it complete?",
  );
}

/** Assigns a layer's weights as they are stored. `setWeights` would apply constraints, which are for training steps. */
export function assignTensors(layer: layers.layers.Layer, tensors: readonly tf.Tensor[]): void {
  layer.weights.forEach((weight, i) => {
    const variable = weight.read() as tf.Variable;
    variable.assign(tf.cast(tensors[i] as tf.Tensor, variable.dtype));
  });
}

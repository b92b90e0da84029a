import type * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { headOf } from "./head-of.ts";

/**
 * Computes the features that a model's dense head reads.
 *
 * @param xs inputs of the model, with the examples on axis 0.
 * @param batchSize examples per batch. @default 32
 * @returns shape `[n, features]`
 * @throws OptionsError if the head is not one dense layer on feature vectors
 */
export function headFeatures(
  model: layers.LayersModel,
  xs: tf.Tensor | readonly tf.Tensor[],
  batchSize = 32,
): tf.Tensor2D {
  const trunk = layers.model({ inputs: model.inputs, outputs: headOf(model).features });
  return trunk.predict(xs as tf.Tensor | tf.Tensor[], { batchSize }) as tf.Tensor2D;
}

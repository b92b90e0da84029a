import { sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { fineTune } from "../src/index.ts";

/**
 * Trains all parameters of a model for one step on two random pictures.
 *
 * @returns the loss, for the report.
 * @throws Error if the loss is not finite.
 */
export async function trainOneStep(model: layers.LayersModel): Promise<string> {
  const [[input], [output]] = [model.inputs, model.outputs] as [layers.SymbolicTensor[], layers.SymbolicTensor[]];
  const [, ...shape] = input?.shape ?? [];
  const units = output?.shape.at(-1) ?? 1;
  const xs = tf.randomUniform([2, ...(shape as number[])], 0, 1, "float32", 1);
  const ys = tf.cast(tf.oneHot(tf.tensor1d([0, 1], "int32"), units), "float32");
  try {
    const result = await fineTune(model, {
      data: { xs, ys },
      loss: "meanSquaredError",
      trainable: "all",
      rule: sgd(),
      learningRate: 1e-3,
      epochs: 1,
      batchSize: 2,
    });
    const loss = result.history.loss?.[0] as number;
    result.restore();
    if (!Number.isFinite(loss)) throw new Error(`The loss of the training step is ${loss}.`);
    return `loss ${loss.toPrecision(4)}`;
  } finally {
    tf.dispose([xs, ys]);
  }
}

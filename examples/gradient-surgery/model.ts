import type { Param, TaskLosses } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import type { Digits } from "./data.ts";

/** Makes a net of 784 → 64 → 10, with one head for all ten digits. */
export function network(seed: number): tfl.LayersModel {
  const dense = (units: number, name: string, activation: "relu" | "linear", seed: number): tfl.layers.Layer =>
    tfl.layers.dense({
      units,
      name,
      activation,
      ...(name === "hidden" ? { inputShape: [784] } : {}),
      kernelInitializer: tfl.initializers.glorotUniform({ seed }),
    });
  return tfl.sequential({
    layers: [dense(64, "hidden", "relu", 2 * seed + 1), dense(10, "head", "linear", 2 * seed + 2)],
  });
}

/** Returns a loss: the cross entropy on a batch that is created, and freed, in each call. */
export function loss(model: tfl.LayersModel, make: () => Digits): TaskLosses[string] {
  return () => {
    const { xs, ys } = make();
    return tf.losses.softmaxCrossEntropy(ys, model.apply(xs) as tf.Tensor) as tf.Scalar;
  };
}

/** Computes the share of images with the right digit. */
export async function accuracy(model: tfl.LayersModel, { xs, ys }: Digits): Promise<number> {
  const hits = tf.tidy(() =>
    tf.mean(tf.cast(tf.equal(tf.argMax(model.predict(xs) as tf.Tensor, 1), tf.argMax(ys, 1)), "float32")),
  );
  const [value] = await hits.data();
  hits.dispose();
  return value as number;
}

/** Sets parameters to values from `readWeights`. */
export function restore(params: readonly Param[], values: { readonly [name: string]: Float32Array }): void {
  for (const { name, variable } of params) {
    tf.tidy(() => variable.assign(tf.tensor(values[name] as Float32Array, variable.shape)));
  }
}

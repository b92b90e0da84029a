import type { Param, TaskLosses } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import type { Digits } from "./data.ts";

/** 784 → 64 → 10, all ten digits in one head. */
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

/** Cross entropy of the model on a batch that is made within the pass, and freed with it. */
export function loss(model: tfl.LayersModel, make: () => Digits): TaskLosses[string] {
  return () => {
    const { xs, ys } = make();
    return tf.losses.softmaxCrossEntropy(ys, model.apply(xs) as tf.Tensor) as tf.Scalar;
  };
}

export async function accuracy(model: tfl.LayersModel, { xs, ys }: Digits): Promise<number> {
  const hits = tf.tidy(() =>
    tf.mean(tf.cast(tf.equal(tf.argMax(model.predict(xs) as tf.Tensor, 1), tf.argMax(ys, 1)), "float32")),
  );
  const [value] = await hits.data();
  hits.dispose();
  return value as number;
}

/** Puts parameters back to values that `readWeights` read. */
export function restore(params: readonly Param[], values: { readonly [name: string]: Float32Array }): void {
  for (const { name, variable } of params) {
    tf.tidy(() => variable.assign(tf.tensor(values[name] as Float32Array, variable.shape)));
  }
}

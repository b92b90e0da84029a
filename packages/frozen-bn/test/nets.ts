import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

/** Makes the net conv → BN → relu6 → depthwise → BN → relu → pool → dense, with seeded weights. Input 6×6×3, 2 classes. */
export function convNet(bn: { scale?: boolean; center?: boolean; axis?: number } = {}): tfl.Sequential {
  const init = (seed: number) => tfl.initializers.randomNormal({ stddev: 0.3, seed });
  const norm = (name: string, seed: number): tfl.layers.Layer =>
    tfl.layers.batchNormalization({
      name,
      momentum: 0.9,
      movingMeanInitializer: init(seed),
      movingVarianceInitializer: tfl.initializers.randomUniform({ minval: 0.5, maxval: 2, seed }),
      gammaInitializer: tfl.initializers.randomUniform({ minval: 0.5, maxval: 2, seed: seed + 1 }),
      betaInitializer: init(seed + 2),
      ...bn,
    });
  return tfl.sequential({
    layers: [
      tfl.layers.conv2d({
        inputShape: [6, 6, 3],
        filters: 4,
        kernelSize: 3,
        padding: "same",
        useBias: false,
        kernelInitializer: init(1),
        name: "conv",
      }),
      norm("bn_a", 10),
      tfl.layers.reLU({ maxValue: 6, name: "relu_a" }),
      tfl.layers.depthwiseConv2d({ kernelSize: 3, useBias: false, depthwiseInitializer: init(2), name: "depthwise" }),
      norm("bn_b", 20),
      tfl.layers.reLU({ name: "relu_b" }),
      tfl.layers.globalAveragePooling2d({ name: "pool" }),
      tfl.layers.dense({ units: 2, activation: "softmax", kernelInitializer: init(3), name: "head" }),
    ],
  });
}

/** Makes n seeded images and one-hot labels for {@link convNet}. */
export function data(n = 8): { x: tf.Tensor4D; y: tf.Tensor2D } {
  const x = tf.tidy(
    () => tf.add(tf.mul(tf.randomNormal<tf.Rank.R4>([n, 6, 6, 3], 0, 1, "float32", 5), 2), 1) as tf.Tensor4D,
  );
  const labels = Array.from({ length: n }, (_, i) => i % 2);
  const y = tf.tidy(() => tf.oneHot(tf.tensor1d(labels, "int32"), 2) as tf.Tensor2D);
  return { x, y };
}

/** Trains for `steps` steps on the same batch of 8. Returns the losses. */
export async function fit(
  model: tfl.LayersModel,
  steps: number,
  optimizer: tf.Optimizer = tf.train.sgd(0.05),
): Promise<number[]> {
  const { x, y } = data();
  model.compile({ optimizer, loss: "categoricalCrossentropy" });
  const { history } = await model.fit(x, y, { epochs: steps, batchSize: 8, shuffle: false, verbose: 0 });
  tf.dispose([x, y]);
  return history.loss as number[];
}

/** Reads the bits of every weight, by original name. */
export function bits(model: tfl.LayersModel): Record<string, Uint32Array> {
  return Object.fromEntries(
    model.weights.map((weight) => [
      weight.originalName,
      new Uint32Array(Float32Array.from(weight.read().dataSync()).buffer),
    ]),
  );
}

/** Returns the names of the weights whose bits differ. */
export function moved(before: Record<string, Uint32Array>, after: Record<string, Uint32Array>): string[] {
  return Object.keys(before)
    .filter((name) => String(before[name]) !== String(after[name]))
    .sort();
}

import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { CLASSES, type Examples, SIDE } from "./shapes.ts";

/** Makes a small convolutional net. Its first layer stays frozen during fine-tuning. */
export function net(): layers.LayersModel {
  const seeded = (seed: number) => layers.initializers.glorotUniform({ seed });
  return layers.sequential({
    layers: [
      layers.layers.conv2d({
        inputShape: [SIDE, SIDE, 1],
        filters: 8,
        kernelSize: 3,
        activation: "relu",
        kernelInitializer: seeded(1),
        name: "edges",
      }),
      layers.layers.conv2d({
        filters: 12,
        kernelSize: 3,
        strides: 2,
        activation: "relu",
        kernelInitializer: seeded(2),
        name: "parts",
      }),
      layers.layers.flatten(),
      layers.layers.dense({ units: CLASSES.length, kernelInitializer: seeded(3), name: "head" }),
    ],
  });
}

export function loss(model: layers.LayersModel, { x, y }: Examples): tf.Scalar {
  return tf.losses.softmaxCrossEntropy(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar;
}

/** Returns the share of examples whose class is predicted. */
export async function accuracy(model: layers.LayersModel, { x, y }: Examples): Promise<number> {
  const right = tf.tidy(() =>
    tf.mean(tf.cast(tf.equal(tf.argMax(model.predict(x) as tf.Tensor, 1), tf.argMax(y, 1)), "float32")),
  );
  const [share] = await right.data();
  right.dispose();
  return share as number;
}

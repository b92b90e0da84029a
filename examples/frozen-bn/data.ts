import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { PNG } from "pngjs";

/** The categories of Unicode that have at least 100 pictures. */
export const CLASSES: readonly string[] = [
  "Smileys & People",
  "Animals & Nature",
  "Food & Drink",
  "Travel & Places",
  "Objects",
  "Flags",
];
/** Side of a picture in pixels. */
export const SIZE = 64;

/** Pictures with their categories. */
export interface Split {
  /** [n, 64, 64, 3], values from 0 to 1, on a white background. */
  readonly xs: tf.Tensor4D;
  /** One-hot categories, [n, classes]. */
  readonly ys: tf.Tensor2D;
}

interface Emoji {
  readonly image: string;
  readonly category: string;
  readonly has_img_twitter: boolean;
  readonly unified: string;
}

/**
 * Loads the pictures of the npm package `emoji-datasource-twitter`: Twemoji, © Twitter and contributors, CC BY 4.0. The
 * package itself is MIT. They differ much from the photographs and drawings that the backbone was trained on.
 *
 * @param train number of training pictures per class.
 * @param test number of test pictures per class. No picture is in both sets.
 */
export function emoji(train: number, test: number): { readonly train: Split; readonly test: Split } {
  const require = createRequire(import.meta.url);
  const list = require("emoji-datasource-twitter/emoji.json") as readonly Emoji[];
  const folder = join(dirname(require.resolve("emoji-datasource-twitter/package.json")), "img/twitter/64");
  const picked = CLASSES.map((name) =>
    shuffled(list.filter(({ category, has_img_twitter }) => category === name && has_img_twitter)),
  );
  const take = (from: number, count: number): Split => {
    const images = picked.flatMap((emojis) => emojis.slice(from, from + count));
    const labels = picked.flatMap((_, label) => Array.from({ length: count }, () => label));
    const pixels = new Float32Array(images.length * SIZE * SIZE * 3);
    for (const [i, { image }] of images.entries()) pixels.set(onWhite(join(folder, image)), i * SIZE * SIZE * 3);
    return tf.tidy(() => ({
      xs: tf.tensor4d(pixels, [images.length, SIZE, SIZE, 3]),
      ys: tf.oneHot(tf.tensor1d(labels, "int32"), CLASSES.length) as tf.Tensor2D,
    }));
  };
  return { train: take(0, train), test: take(train, test) };
}

/** Shuffles by a hash of the emoji. Without it, the test pictures would be the last ones of each category. */
function shuffled<T extends Emoji>(items: readonly T[]): readonly T[] {
  const key = ({ unified }: T): number =>
    [...unified].reduce((hash, c) => (hash * 31 + c.charCodeAt(0)) >>> 0, 7) % 997;
  return [...items].sort((a, b) => key(a) - key(b));
}

function onWhite(path: string): Float32Array {
  const { data } = PNG.sync.read(readFileSync(path));
  const out = new Float32Array(SIZE * SIZE * 3);
  for (let i = 0; i < SIZE * SIZE; i++) {
    const alpha = (data[i * 4 + 3] as number) / 255;
    for (let c = 0; c < 3; c++) out[i * 3 + c] = 1 - alpha + (alpha * (data[i * 4 + c] as number)) / 255;
  }
  return out;
}

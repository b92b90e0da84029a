import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceHead } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { PNG } from "pngjs";
import { shuffled } from "../random.ts";
import type { Examples, Task } from "../task.ts";
import { mobilenet } from "./mobilenet.ts";

/** The categories of Unicode with at least 130 pictures of both makers, without people and symbols. */
const CATEGORIES = [
  "Smileys & Emotion",
  "Animals & Nature",
  "Food & Drink",
  "Travel & Places",
  "Objects",
  "Flags",
] as const;
const SIDE = 64;
/** Pictures per category for the test, out of 131 in the smallest category. */
const TEST = 30;

interface Emoji {
  readonly image: string;
  readonly category: string;
  readonly has_img_twitter: boolean;
  readonly has_img_google: boolean;
}

const files = join(import.meta.dirname, "../../files");

/**
 * Six categories of emoji. A model trains on pictures in the style of one maker (Twemoji, CC BY 4.0) and is tested on other emoji in
 * the same style, and on the same other emoji in the style of another maker (Noto Emoji, Apache 2.0).
 */
export function emoji(perClass: number): Task {
  return {
    name: `emoji-${perClass}`,
    async open(seed) {
      if (!existsSync(join(files, "google"))) throw new Error("The pictures are missing: run proof/fetch.sh");
      const list = (JSON.parse(readFileSync(join(files, "twitter/emoji.json"), "utf8")) as Emoji[]).filter(
        ({ has_img_twitter, has_img_google }) => has_img_twitter && has_img_google,
      );
      const picked = CATEGORIES.map((name, i) =>
        shuffled(
          list.filter(({ category }) => category === name),
          seed * 100 + i,
        ),
      );
      const read = (maker: string, from: number, count: number): Examples => {
        const chosen = picked.map((emoji) => emoji.slice(from, from + count));
        return pictures(
          maker,
          chosen.flatMap((emoji, label) => emoji.map(({ image }) => ({ image, label }))),
        );
      };
      return {
        train: read("twitter", TEST, perClass),
        test: read("twitter", 0, TEST),
        shifted: read("google", 0, TEST),
        old: read("google", TEST, TEST),
      };
    },
    async model(seed) {
      const whole = await mobilenet(SIDE);
      const tuned = replaceHead(whole, { units: CATEGORIES.length, after: "out_relu", seed });
      // The two models share their layers, so the old classifier sees the tuned body.
      return { tuned, whole, dispose: () => void tuned.dispose() };
    },
  };
}

function pictures(maker: string, list: readonly { image: string; label: number }[]): Examples {
  const pixels = new Float32Array(list.length * SIDE * SIDE * 3);
  for (const [i, { image }] of list.entries())
    pixels.set(onWhite(join(files, maker, "img", maker, "64", image)), i * SIDE * SIDE * 3);
  return {
    xs: tf.tensor4d(pixels, [list.length, SIDE, SIDE, 3]),
    ys: tf.tidy(() =>
      tf.cast(
        tf.oneHot(
          tf.tensor1d(
            Int32Array.from(list, ({ label }) => label),
            "int32",
          ),
          CATEGORIES.length,
        ),
        "float32",
      ),
    ),
  };
}

/** Reads a picture on a white background, values in [0, 1]. */
function onWhite(path: string): Float32Array {
  const { data } = PNG.sync.read(readFileSync(path));
  const out = new Float32Array(SIDE * SIDE * 3);
  for (let i = 0; i < SIDE * SIDE; i++) {
    const alpha = (data[i * 4 + 3] as number) / 255;
    for (let c = 0; c < 3; c++) out[i * 3 + c] = 1 - alpha + (alpha * (data[i * 4 + c] as number)) / 255;
  }
  return out;
}

import { OptionsError, type OptionsSchema, optionsSchema } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Random } from "../../random/random.ts";
import type { Augment } from "./augment.ts";
import { asImages, between } from "./image.ts";

export interface EraseOptions {
  /** Share of the images that lose a rectangle, from 0 to 1. @default 0.5 */
  readonly probability?: number;
  /** Smallest and largest area of the rectangle, as a share of the image. @default [0.02, 0.33] */
  readonly area?: readonly [least: number, most: number];
  /** Smallest and largest ratio of height to width. @default [0.3, 3.3] */
  readonly ratio?: readonly [least: number, most: number];
  /** Value that fills the rectangle. @default 0 */
  readonly fill?: number;
}

type Defaults = keyof EraseOptions;

export const eraseOptions: OptionsSchema<EraseOptions, Defaults> = optionsSchema<EraseOptions, Defaults>({
  probability: { type: "number", minimum: 0, maximum: 1, default: 0.5, description: "Share of the images that change" },
  area: {
    type: "array",
    items: { type: "number", exclusiveMinimum: 0, maximum: 1 },
    default: [0.02, 0.33],
    description: "Smallest and largest area of the rectangle, as a share of the image",
  },
  ratio: {
    type: "array",
    items: { type: "number", exclusiveMinimum: 0 },
    default: [0.3, 3.3],
    description: "Smallest and largest ratio of height to width",
  },
  fill: { type: "number", default: 0, description: "Value that fills the rectangle" },
});

/** Attempts to draw a rectangle that fits. An image for which none fits stays as it is, as in torchvision. */
const ATTEMPTS = 10;

/**
 * Fills a random rectangle of an image with one value (random erasing, Zhong et al. 2020, algorithm 1; torchvision's `RandomErasing`).
 *
 * @throws OptionsError if an option is out of range.
 */
export function erase(options: EraseOptions = {}): Augment {
  const parsed = eraseOptions.parse("erase", options);
  for (const key of ["area", "ratio"] as const) {
    const [least, most] = parsed[key];
    if (parsed[key].length !== 2 || !(least <= most))
      throw new OptionsError(`\`${key}\` of erase is ${JSON.stringify(parsed[key])}.`, "Give [smallest, largest].");
  }
  return {
    name: "erase",
    options: { ...parsed },
    apply(batch, randoms) {
      const images = asImages(batch, "erase");
      const [count, height, width] = images.shape;
      const mask = new Float32Array(count * height * width);
      randoms.forEach((random, i) => {
        const found = rectangle(random, parsed, height, width);
        if (!found) return;
        const { top, left, rows, columns } = found;
        for (let y = top; y < top + rows; y++) {
          const start = (i * height + y) * width + left;
          mask.fill(1, start, start + columns);
        }
      });
      const erased = tf.tensor4d(mask, [count, height, width, 1]);
      return tf.add(tf.mul(images, tf.sub(1, erased)), tf.mul(erased, parsed.fill));
    },
  };
}

interface Rectangle {
  readonly top: number;
  readonly left: number;
  readonly rows: number;
  readonly columns: number;
}

function rectangle(
  random: Random,
  { probability, area, ratio }: Required<EraseOptions>,
  height: number,
  width: number,
): Rectangle | undefined {
  if (random() >= probability) return undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const pixels = between(random, ...area) * height * width;
    const shape = Math.exp(between(random, Math.log(ratio[0]), Math.log(ratio[1])));
    const [rows, columns] = [Math.round(Math.sqrt(pixels * shape)), Math.round(Math.sqrt(pixels / shape))];
    if (rows < 1 || columns < 1 || rows >= height || columns >= width) continue;
    const top = Math.floor(random() * (height - rows + 1));
    const left = Math.floor(random() * (width - columns + 1));
    return { top, left, rows, columns };
  }
  return undefined;
}

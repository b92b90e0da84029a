import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Augment } from "./augment.ts";
import { asImages, between, perExample } from "./image.ts";

export interface ColourOptions {
  /** A random number from −`brightness` to `brightness` is added, in the unit of the images. @default 0 */
  readonly brightness?: number;
  /** The contrast about the image's mean is multiplied by a factor from 1 − `contrast` to 1 + `contrast`. @default 0 */
  readonly contrast?: number;
  /** The distance from grey is multiplied by 1 − `saturation` to 1 + `saturation`. Needs three channels. @default 0 */
  readonly saturation?: number;
}

const strength = (description: string) => ({ type: "number", minimum: 0, default: 0, description }) as const;

export const colourOptions: OptionsSchema<ColourOptions, "brightness" | "contrast" | "saturation"> = optionsSchema<
  ColourOptions,
  "brightness" | "contrast" | "saturation"
>({
  brightness: strength("Largest amount that is added or subtracted, in the unit of the images"),
  contrast: strength("Contrast is multiplied by 1 ± up to this"),
  saturation: strength("Distance from grey is multiplied by 1 ± up to this. Needs three channels"),
});

/** Changes brightness, contrast and saturation, in this order; values are not clipped. @throws OptionsError */
export function colour(options: ColourOptions = {}): Augment {
  const { brightness, contrast, saturation } = colourOptions.parse("colour", options);
  return {
    name: `colour-${brightness}-${contrast}-${saturation}`,
    options: { brightness, contrast, saturation },
    apply(batch, randoms) {
      const images = asImages(batch, "colour");
      const factor = (most: number): tf.Tensor4D => perExample(randoms, (random) => 1 + between(random, -most, most));
      let out: tf.Tensor = tf.add(
        images,
        perExample(randoms, (random) => between(random, -brightness, brightness)),
      );
      if (contrast > 0) {
        const mean = tf.mean(out, [1, 2, 3], true);
        out = tf.add(tf.mul(tf.sub(out, mean), factor(contrast)), mean);
      }
      if (saturation > 0 && images.shape[3] === 3) {
        const grey = tf.mean(out, 3, true);
        out = tf.add(tf.mul(tf.sub(out, grey), factor(saturation)), grey);
      }
      return out;
    },
  };
}

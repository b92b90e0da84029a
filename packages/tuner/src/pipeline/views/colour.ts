import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Augment } from "./augment.ts";
import { asImages, between, perExample } from "./image.ts";

export interface ColourOptions {
  /** What is added, from −`brightness` to `brightness`, in the images' own unit. @default 0 */
  readonly brightness?: number;
  /** Contrast about the image's mean is multiplied by 1 ± up to this. @default 0 */
  readonly contrast?: number;
  /** Distance from grey is multiplied by 1 ± up to this. Three channels. @default 0 */
  readonly saturation?: number;
}

const strength = { type: "number", minimum: 0, default: 0 } as const;
const colourOptions: OptionsSchema<ColourOptions> = optionsSchema<ColourOptions>({
  brightness: strength,
  contrast: strength,
  saturation: strength,
});

/** Changes brightness, contrast and saturation, in this order; values are not clipped. @throws OptionsError */
export function colour(options: ColourOptions = {}): Augment {
  const { brightness = 0, contrast = 0, saturation = 0 } = colourOptions.parse("colour", options);
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

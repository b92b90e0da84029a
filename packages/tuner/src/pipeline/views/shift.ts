import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Augment } from "./augment.ts";
import { asImages } from "./image.ts";

export interface ShiftOptions {
  /** Largest shift in each direction, in pixels. */
  readonly by: number;
  /** Value of the pixels that come in at the edge. @default 0 */
  readonly fill?: number;
}

export const shiftOptions: OptionsSchema<ShiftOptions, "fill"> = optionsSchema<ShiftOptions, "fill">(
  {
    by: { type: "integer", minimum: 0, description: "Largest shift in each direction, in pixels" },
    fill: { type: "number", default: 0, description: "Value of the pixels that come in at the edge" },
  },
  ["by"],
);

/**
 * Moves an image in each direction by a whole number of pixels from −`by` to `by`. This equals padding and a random crop of the old
 * size (He et al. 2016, section 4.2). @throws OptionsError
 */
export function shift(options: ShiftOptions): Augment {
  const { by, fill } = shiftOptions.parse("shift", options);
  return {
    name: `shift-${by}`,
    options: { by, fill },
    apply(batch, randoms) {
      const images = asImages(batch, "shift");
      const [, height, width, channels] = images.shape;
      const padded = tf.pad(
        images,
        [
          [0, 0],
          [by, by],
          [by, by],
          [0, 0],
        ],
        fill,
      );
      const crops = randoms.map((random, i) => {
        const [y, x] = [0, 0].map(() => Math.floor(random() * (2 * by + 1))) as [number, number];
        return tf.slice(padded, [i, y, x, 0], [1, height, width, channels]);
      });
      return tf.concat(crops, 0);
    },
  };
}

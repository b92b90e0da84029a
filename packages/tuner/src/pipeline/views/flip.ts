import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Augment } from "./augment.ts";
import { asImages, perExample } from "./image.ts";

export interface FlipOptions {
  /** Direction in which the image is mirrored. @default "horizontal" */
  readonly direction?: "horizontal" | "vertical";
  /** Share of examples that are mirrored. @default 0.5 */
  readonly probability?: number;
}

export const flipOptions: OptionsSchema<FlipOptions, "direction" | "probability"> = optionsSchema<
  FlipOptions,
  "direction" | "probability"
>({
  direction: {
    enum: ["horizontal", "vertical"],
    default: "horizontal",
    description: "Direction in which the image is mirrored",
  },
  probability: {
    type: "number",
    minimum: 0,
    maximum: 1,
    default: 0.5,
    description: "Share of examples that are mirrored",
  },
});

/** Mirrors an image. @throws OptionsError */
export function flip(options: FlipOptions = {}): Augment {
  const { direction, probability } = flipOptions.parse("flip", options);
  return {
    name: `flip-${direction}`,
    options: { direction, probability },
    apply(batch, randoms) {
      const images = asImages(batch, "flip");
      const chosen = perExample(randoms, (random) => (random() < probability ? 1 : 0));
      const mirrored = tf.reverse(images, direction === "horizontal" ? 2 : 1);
      return tf.where(tf.cast(tf.broadcastTo(chosen, images.shape), "bool"), mirrored, images);
    },
  };
}

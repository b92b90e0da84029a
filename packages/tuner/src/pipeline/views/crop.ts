import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Augment } from "./augment.ts";
import { asImages, between } from "./image.ts";

export interface CropOptions {
  /** Smallest share of the area that is kept, in (0, 1]. @default 0.5 */
  readonly minArea?: number;
  /** Largest stretch of the width against the height, ≥ 1. @default 4/3 */
  readonly maxAspect?: number;
}

export const cropOptions: OptionsSchema<CropOptions, "minArea" | "maxAspect"> = optionsSchema<
  CropOptions,
  "minArea" | "maxAspect"
>({
  minArea: {
    type: "number",
    exclusiveMinimum: 0,
    maximum: 1,
    default: 0.5,
    description: "Smallest share of the area that is kept",
  },
  maxAspect: {
    type: "number",
    minimum: 1,
    default: 4 / 3,
    description: "Largest stretch of the width against the height",
  },
});

/** Cuts a random rectangle out and scales it to the old size, bilinear (Szegedy et al. 2015, section 6). @throws OptionsError */
export function crop(options: CropOptions = {}): Augment {
  const { minArea, maxAspect } = cropOptions.parse("crop", options);
  return {
    name: `crop-${minArea}-${maxAspect}`,
    options: { minArea, maxAspect },
    apply(batch, randoms) {
      const images = asImages(batch, "crop");
      const [count, height, width] = images.shape;
      const boxes = randoms.map((random) => {
        const area = between(random, minArea, 1);
        const aspect = Math.exp(between(random, -Math.log(maxAspect), Math.log(maxAspect)));
        const [h, w] = [Math.min(1, Math.sqrt(area / aspect)), Math.min(1, Math.sqrt(area * aspect))];
        const [y, x] = [between(random, 0, 1 - h), between(random, 0, 1 - w)];
        return [y, x, y + h, x + w];
      });
      const indices = tf.range(0, count, 1, "int32") as tf.Tensor1D;
      return tf.image.cropAndResize(images, tf.tensor2d(boxes, [count, 4]), indices, [height, width], "bilinear");
    },
  };
}

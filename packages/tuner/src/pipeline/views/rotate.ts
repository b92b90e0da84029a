import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Augment } from "./augment.ts";
import { asImages, between } from "./image.ts";

export interface RotateOptions {
  /** Largest angle in degrees, to either side. */
  readonly degrees: number;
  /** Value of the pixels that come in at the corners. @default 0 */
  readonly fill?: number;
}

export const rotateOptions: OptionsSchema<RotateOptions, "fill"> = optionsSchema<RotateOptions, "fill">(
  {
    degrees: { type: "number", minimum: 0, maximum: 180, description: "Largest angle to either side, in degrees" },
    fill: { type: "number", default: 0, description: "Value of the pixels that come in at the corners" },
  },
  ["degrees"],
);

/**
 * Turns an image about its centre, with the nearest pixel. Needs the kernel `RotateWithOffset`, which cpu, wasm, webgl and webgpu
 * have and the native backend lacks. @throws OptionsError
 */
export function rotate(options: RotateOptions): Augment {
  const { degrees, fill } = rotateOptions.parse("rotate", options);
  return {
    name: `rotate-${degrees}`,
    options: { degrees, fill },
    apply(batch, randoms) {
      const images = asImages(batch, "rotate");
      const turned = randoms.map((random, i) => {
        const one = tf.slice(images, [i, 0, 0, 0], [1, ...images.shape.slice(1)] as [number, number, number, number]);
        const angle = (between(random, -degrees, degrees) * Math.PI) / 180;
        return tf.image.rotateWithOffset(one as tf.Tensor4D, angle, fill);
      });
      return tf.concat(turned, 0);
    },
  };
}

import { optionsSchema } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

const options = optionsSchema({ by: { type: "number", minimum: 0, default: 0.2, description: "Greatest change" } });

/** Multiplies each example by its own random factor. */
const gain = ({ by }) => ({
  name: "gain",
  options: { by },
  apply(batch, randoms) {
    const factors = randoms.map((random) => 1 + by * (2 * random() - 1));
    return tf.mul(batch, tf.tensor2d(factors, [factors.length, 1]));
  },
});

export const plugins = [
  { kind: "augmentation", name: "gain", description: "Scales each example", options, create: gain },
];

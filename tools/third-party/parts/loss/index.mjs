import { optionsSchema } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

const options = optionsSchema({
  gamma: { type: "number", minimum: 0, default: 2, description: "Weight of hard examples" },
});

/** Focal loss (Lin et al. 2017, equation 4) over one-hot labels and probabilities. */
const focal = ({ gamma }) => ({
  name: "focal",
  range: [0, 1],
  compute(labels, predictions) {
    const right = tf.clipByValue(tf.sum(tf.mul(labels, predictions), -1), 1e-7, 1);
    return tf.neg(tf.mul(tf.pow(tf.sub(1, right), gamma), tf.log(right)));
  },
});

export const plugins = [{ kind: "loss", name: "focal", description: "Focal loss", options, create: focal }];

import { optionsSchema } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

const options = optionsSchema({
  above: { type: "number", minimum: 0, maximum: 1, default: 0.6, description: "Least probability that counts as sure" },
});

/** Share of examples whose highest probability is above a limit. */
const sure = ({ above }) => ({
  name: "sure",
  reads: "probabilities",
  update: (_labels, predictions) =>
    tf.stack([tf.sum(tf.cast(tf.greater(tf.max(predictions, -1), above), "float32")), tf.scalar(predictions.shape[0])]),
  result: ([hits, count]) => ({ sure: hits / count }),
});

export const plugins = [{ kind: "metric", name: "sure", description: "Share of sure answers", options, create: sure }];

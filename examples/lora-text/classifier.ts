import { type Block, type BlockModel, blockModel } from "@graftjs/blocks";
import * as tf from "@tensorflow/tfjs-core";
import { type EncoderConfig, encoderBlocks, meanPooling, type WeightOf } from "./encoder.ts";

/** Makes a classifier of texts: the encoder, mean pooling and a new head, which returns logits. */
export function textClassifier(config: EncoderConfig, weightOf: WeightOf, classes: number, tokens: number): BlockModel {
  const kernel = tf.tidy(() => tf.variable(tf.randomNormal([config.hidden_size, classes], 0, 0.02, "float32", 1)));
  const head: Block = {
    name: "head",
    variables: { kernel, bias: tf.tidy(() => tf.variable(tf.zeros([classes]))) },
    call: ([pooled], scope) => scope.dense("", pooled as tf.Tensor),
  };
  return blockModel({
    name: "text-classifier",
    inputs: { ids: { shape: [null, tokens], dtype: "int32" }, mask: { shape: [null, tokens], dtype: "int32" } },
    outputs: { topic: [null, classes] },
    blocks: [...encoderBlocks(config, weightOf), meanPooling(), head],
  });
}

/** Returns random weights, for tests: norms are those of an untrained model, the rest is normal with deviation 0.1. */
export function randomWeights(): WeightOf {
  let seed = 0;
  return (name, shape) => {
    const role = name.slice(name.lastIndexOf("/") + 1);
    if (role === "gamma") return tf.tidy(() => tf.variable(tf.ones([...shape])));
    return tf.tidy(() => tf.variable(tf.randomNormal([...shape], 0, 0.1, "float32", ++seed)));
  };
}

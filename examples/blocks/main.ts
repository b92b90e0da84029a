/**
 * `pnpm --filter example-blocks start` writes a small attention model as a list of blocks and trains the last block only. The blocks
 * before it are computed once for each example. The task: which of two words comes first in a sentence of eight.
 */
import { wasmBackend } from "@graftjs/backend-wasm";
import { attention, type Block, blockModel } from "@graftjs/blocks";
import { adam, seeded } from "@graftjs/core";
import { fineTune } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers"; // registers the gradients of tfjs's ops

const [WORDS, LENGTH, WIDTH] = [20, 8, 32];

await wasmBackend().init();
const matrix = (rows: number, columns: number, seed: number): tf.Variable =>
  tf.variable(tf.randomNormal([rows, columns], 0, 1 / Math.sqrt(rows), "float32", seed));

const tokens: Block = {
  name: "tokens",
  variables: { "words/embeddings": matrix(WORDS, WIDTH, 1), "places/embeddings": matrix(LENGTH, WIDTH, 2) },
  call: ([ids], scope) => tf.add(scope.embed("words", ids as tf.Tensor), scope.weight("places/embeddings")),
};
const mixer: Block = {
  name: "mixer",
  variables: {
    "query/kernel": matrix(WIDTH, WIDTH, 3),
    "key/kernel": matrix(WIDTH, WIDTH, 4),
    "value/kernel": matrix(WIDTH, WIDTH, 5),
  },
  call([x], scope) {
    const [q, k, v] = ["query", "key", "value"].map((name) => scope.dense(name, x as tf.Tensor));
    return tf.add(x as tf.Tensor, attention(q as tf.Tensor, k as tf.Tensor, v as tf.Tensor, { heads: 4 }));
  },
};
const head: Block = {
  name: "head",
  variables: { kernel: matrix(LENGTH * WIDTH, 2, 6), bias: tf.variable(tf.zeros([2])) },
  call: ([x], scope) => scope.dense("", tf.reshape(x as tf.Tensor, [-1, LENGTH * WIDTH])),
};
const model = blockModel({
  inputs: { ids: { shape: [null, LENGTH], dtype: "int32" } },
  outputs: { first: [null, 2] },
  blocks: [tokens, mixer, head],
});

/** Draws sentences with word 0 and word 1 at two places. The label says whether word 1 is the first of them. */
function sentences(count: number, seed: number): { xs: tf.Tensor2D; ys: tf.Tensor1D } {
  const random = seeded(seed);
  const rows = Array.from({ length: count }, () => {
    const ids = Array.from({ length: LENGTH }, () => 2 + Math.floor(random() * (WORDS - 2)));
    const place = Math.floor(random() * LENGTH);
    const other = (place + 1 + Math.floor(random() * (LENGTH - 1))) % LENGTH;
    ids[place] = 0;
    ids[other] = 1;
    return { ids, label: other < place ? 1 : 0 };
  });
  return {
    xs: tf.tensor2d(
      rows.map(({ ids }) => ids),
      [count, LENGTH],
      "int32",
    ),
    ys: tf.tensor1d(
      rows.map(({ label }) => label),
      "int32",
    ),
  };
}

const result = await fineTune(model, {
  data: sentences(512, 1),
  validation: sentences(256, 2),
  loss: "sparseSoftmaxCrossEntropy",
  metrics: ["accuracy"],
  trainable: "head",
  rule: adam(),
  learningRate: 0.01,
  epochs: 10,
});
result.restore();
console.log(`cached: ${result.plan.trunk.layers} of ${result.plan.trunk.of} blocks`);
console.log(`accuracy on new sentences: ${(100 * (result.history.val_acc?.at(-1) as number)).toFixed(1)} %`);

// Times steps of LoRA on query and value of MiniLM on TensorFlow's library. Prints JSON. Arguments: number of steps, number of threads.
import { openBackend } from "@graftjs/backend";
import { nativeBackend } from "@graftjs/backend-node";
import { adam } from "@graftjs/core";
import { fineTune } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { textClassifier } from "./classifier.ts";
import { METHODS } from "./methods.ts";
import { readConfig, readWeights } from "./minilm.ts";

const [BATCH, TOKENS, CLASSES] = [8, 32, 6];
const [steps, threads] = process.argv.slice(2).map(Number) as [number, number];
const session = await openBackend([nativeBackend({ threads })]);
const count = BATCH * steps;
const data = {
  xs: {
    ids: tf.randomUniform([count, TOKENS], 1000, 30000, "int32", 1),
    mask: tf.ones([count, TOKENS], "int32"),
  },
  ys: tf.randomUniform([count], 0, CLASSES, "int32", 2),
};
const model = textClassifier(readConfig(), readWeights(), CLASSES, TOKENS);
const seconds: number[] = [];
let last = performance.now();
const { peakBytes, restore } = await fineTune(model, {
  ...{ data, loss: "sparseSoftmaxCrossEntropy", rule: adam(), batchSize: BATCH, seed: 1 },
  ...METHODS["LoRA, rank 4, query and value"]?.(),
  ...{ trainable: { include: ["role:lora_a", "role:lora_b", "head"] }, epochs: 1, learningRate: 0.001 },
  observers: [
    {
      name: "step-times",
      stepEnd: () => {
        const now = performance.now();
        seconds.push((now - last) / 1000);
        last = now;
      },
    },
  ],
});
restore();
console.log(JSON.stringify({ backend: tf.getBackend(), seconds, peakBytes }));
await session.dispose();

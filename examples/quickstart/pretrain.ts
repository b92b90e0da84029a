// Makes ./base, the network that the quickstart starts from. It is trained on the clean digits 0 to 4.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openBackend } from "@graftjs/backend";
import { wasmBackend } from "@graftjs/backend-wasm";
import { HookedOptimizer, namedParams, sgd } from "@graftjs/core";
import { warmupCosine } from "@graftjs/transforms";
import * as tf from "@tensorflow/tfjs-core";
import { writeModel } from "./base.ts";
import { clean, examples } from "./data.ts";
import { residualNet } from "./model.ts";
import { seeded } from "./random.ts";

const SEED = 20;
const EPOCHS = 6;
const BATCH = 64;
/** The first 700 images of each class are for training, the others for testing. */
const TRAIN = 700;

await openBackend([wasmBackend()]);
const OLD = [0, 1, 2, 3, 4];
const train = examples(OLD, { from: 0, count: TRAIN, domain: clean });
const test = examples(OLD, { from: TRAIN, domain: clean });
const model = residualNet(SEED);
const n = train.xs.shape[0];
const steps = EPOCHS * Math.ceil(n / BATCH);
const optimizer = new HookedOptimizer({
  params: namedParams(model),
  rule: sgd({ momentum: 0.9 }),
  learningRate: warmupCosine({ peak: 0.05, warmupSteps: 20, totalSteps: steps }),
});
model.compile({ optimizer, loss: "categoricalCrossentropy", metrics: ["accuracy"] });

const { shuffle } = seeded(SEED);
const started = performance.now();
for (let epoch = 0; epoch < EPOCHS; epoch++) {
  const order = shuffle(Array.from({ length: n }, (_, i) => i));
  let loss = 0;
  for (let at = 0; at < n; at += BATCH) {
    const index = tf.tensor1d(order.slice(at, at + BATCH), "int32");
    const batch = tf.tidy(() => [tf.gather(train.xs, index), tf.gather(train.ys, index)] as const);
    const [value] = (await model.trainOnBatch(batch[0], batch[1])) as number[];
    loss += value as number;
    tf.dispose([index, ...batch]);
  }
  console.log(
    `epoch ${epoch + 1}/${EPOCHS} loss ${((loss * BATCH) / n).toFixed(4)} ${((performance.now() - started) / 1000).toFixed(0)} s`,
  );
}

const accuracy = async (data: { xs: tf.Tensor; ys: tf.Tensor }): Promise<number> => {
  const [, value] = model.evaluate(data.xs, data.ys, { batchSize: 256 }) as tf.Scalar[];
  return (await (value as tf.Scalar).data())[0] as number;
};
const figures = {
  seed: SEED,
  epochs: EPOCHS,
  batch: BATCH,
  digits: OLD,
  trainExamples: n,
  testExamples: test.xs.shape[0],
  trainAccuracy: await accuracy(train),
  testAccuracy: await accuracy(test),
  parameters: model.countParams(),
  seconds: Math.round((performance.now() - started) / 1000),
};
await writeModel(model, join(import.meta.dirname, "base"));
writeFileSync(join(import.meta.dirname, "base", "figures.json"), `${JSON.stringify(figures, null, 2)}\n`);
console.log(figures);

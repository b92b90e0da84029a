import "@tensorflow/tfjs-backend-cpu";
import { type AnyCombiner, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, expect, it } from "vitest";
import { type FineTuneOptions, findLearningRate, fineTune, type Metric, planFineTune } from "../src/index.ts";
import { convNet } from "./nets.ts";
import { examples, weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

/** Mean squared error that throws in its `at`th call, after ops that saved tensors for gradients. */
function failing(at: number): (labels: tf.Tensor, predictions: tf.Tensor) => tf.Scalar {
  let calls = 0;
  return (labels, predictions) => {
    const loss = tf.mean(tf.square(tf.sub(labels, tf.exp(predictions)))) as tf.Scalar;
    if (++calls === at) throw new Error("the loss is broken");
    return loss;
  };
}

const options = (data: { xs: tf.Tensor; ys: tf.Tensor }, rest: Partial<FineTuneOptions> = {}): FineTuneOptions => ({
  data,
  loss: failing(1),
  trainable: ["*_1/**", "head/**"],
  rule: sgd({ momentum: 0.9 }),
  learningRate: 0.1,
  epochs: 2,
  batchSize: 5,
  metrics: ["accuracy", "confusion"],
  ...rest,
});

const broken: Metric = {
  name: "broken",
  update: () => {
    throw new Error("the metric is broken");
  },
  result: () => ({}),
};

const cases: Record<string, () => Partial<FineTuneOptions>> = {
  "a loss, in the first step": () => ({}),
  "a loss, in the third step": () => ({ loss: failing(3) }),
  "a loss, in the second batch of an accumulated step": () => ({ loss: failing(4), accumulate: 2 }),
  "a loss, with weight noise": () => ({ loss: failing(2), weightNoise: { deviation: 0.01 } }),
  "a loss, with batches prepared ahead": () => ({ loss: failing(2), prefetch: 2 }),
  "a loss, with everything to be rolled back to": () => ({ loss: failing(2), guard: { policy: "rollback" }, ema: {} }),
  "a loss, in validation": () => ({ loss: failing(5), validation: examples([8, 8, 2], 10) }),
  "the second metric": () => ({ loss: failing(-1), metrics: ["accuracy", broken] }),
};

for (const [what, given] of Object.entries(cases)) {
  it(`${what}: the error is thrown and no tensors are leaked`, async () => {
    const model = convNet({ dropoutRate: 0.3 });
    const data = examples([8, 8, 2]);
    const all = options(data, given());
    const before = tf.memory().numTensors;
    await expect(fineTune(model, all)).rejects.toThrow("is broken");
    expect(tf.memory().numTensors).toBe(before);
    // The model can still be trained.
    const { restore, steps } = await fineTune(model, options(data, { loss: "meanSquaredError" }));
    expect(steps).toBe(8);
    restore();
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });
}

it("a task's loss with a combiner: the same", async () => {
  const input = layers.input({ shape: [4] });
  const shared = layers.layers.dense({ units: 5, name: "body" }).apply(input);
  const outputs = ["a", "b"].map(
    (name) => layers.layers.dense({ units: 2, name }).apply(shared) as layers.SymbolicTensor,
  );
  const model = layers.model({ inputs: input, outputs });
  const combiner: AnyCombiner = {
    name: "sum",
    init: () => null,
    weigh: (_, tasks) => ({ weights: Float64Array.from(tasks, () => 1), state: null }),
  };
  const [xs, y] = [tf.randomNormal([12, 4]), tf.randomNormal([12, 2])];
  const weights = weightsOf(model);
  const before = tf.memory().numTensors;
  const given = { data: { xs, ys: { a: y, b: y } }, trainable: "all", metrics: ["mse"], combiner } as const;
  const { data, ...rest } = given;
  const run = options(data as never, { ...rest, loss: ["meanSquaredError", failing(1)] });
  await expect(fineTune(model, run)).rejects.toThrow("is broken");
  expect(tf.memory().numTensors).toBe(before);
  expect(weightsOf(model)).toEqual(weights);
});

it("in the steps of a plan and of a search for the learning rate: no tensors are leaked, and weights do not change", async () => {
  const model = convNet();
  const data = examples([8, 8, 2]);
  const weights = weightsOf(model);
  const before = tf.memory().numTensors;
  await expect(planFineTune(model, options(data, { loss: failing(2) }))).rejects.toThrow("is broken");
  await expect(findLearningRate(model, options(data, { loss: failing(2) }))).rejects.toThrow("is broken");
  expect(tf.memory().numTensors).toBe(before);
  expect(weightsOf(model)).toEqual(weights);
  model.dispose();
});

it("while a bad step is repeated to find the place that went wrong", async () => {
  const model = convNet();
  const data = examples([8, 8, 2]);
  const before = tf.memory().numTensors;
  let calls = 0;
  const loss = (labels: tf.Tensor, predictions: tf.Tensor): tf.Scalar => {
    const value = tf.mean(tf.square(tf.sub(labels, predictions))) as tf.Scalar;
    if (++calls === 2) throw new Error("the loss is broken");
    return tf.div(value, 0);
  };
  await expect(fineTune(model, options(data, { loss }))).rejects.toThrow("is broken");
  expect(tf.memory().numTensors).toBe(before);
  model.dispose();
});

import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, expect, it } from "vitest";
import { adam, HookedOptimizer, loadState, namedParams, saveState, sgd } from "../src/index.ts";

beforeEach(() => tf.setBackend("cpu"));

function net(): layers.Sequential {
  return layers.sequential({
    layers: [
      layers.layers.dense({
        inputShape: [3],
        units: 8,
        activation: "tanh",
        name: "hidden",
        kernelInitializer: layers.initializers.glorotNormal({ seed: 3 }),
      }),
      layers.layers.dense({ units: 1, name: "head", kernelInitializer: layers.initializers.glorotNormal({ seed: 4 }) }),
    ],
  });
}

const rules = {
  momentum: { stock: () => tf.train.momentum(0.1, 0.9), ours: () => sgd({ momentum: 0.9 }) },
  nesterov: { stock: () => tf.train.momentum(0.1, 0.9, true), ours: () => sgd({ momentum: 0.9, nesterov: true }) },
  adam: { stock: () => tf.train.adam(0.1, 0.9, 0.999, 1e-8), ours: () => adam() },
};

for (const [name, { stock, ours }] of Object.entries(rules)) {
  it(`${name}: 200 steps equal tf.train's to float32 rounding, and nothing is left`, () => {
    const start = tf.memory().numTensors;
    const x = tf.randomNormal([32, 3], 0, 1, "float32", 5);
    const y = tf.sum(x, 1, true);
    const run = (make: (model: layers.LayersModel) => tf.Optimizer): Float32Array => {
      const model = net();
      const optimizer = make(model);
      const variables = namedParams(model).map(({ variable }) => variable);
      for (let i = 0; i < 200; i++) {
        optimizer.minimize(
          () => tf.losses.meanSquaredError(y, model.predict(x) as tf.Tensor) as tf.Scalar,
          false,
          variables,
        );
      }
      const out = tf.tidy(() => tf.concat(variables.map((v) => tf.reshape(v, [-1]))).dataSync() as Float32Array);
      optimizer.dispose();
      model.dispose();
      return out;
    };
    const expected = run(stock);
    const before = tf.memory().numTensors;
    const got = run((model) => new HookedOptimizer({ params: namedParams(model), rule: ours(), learningRate: 0.1 }));
    expect(tf.memory().numTensors).toBe(before);
    expect(Math.max(...got.map((v, i) => Math.abs(v - (expected[i] as number))))).toBeLessThan(2e-5);
    tf.dispose([x, y]);
    // Stock momentum leaves its scalar `m` behind; ours leaves nothing.
    expect(tf.memory().numTensors - start).toBe(name === "adam" ? 0 : 1);
  });
}

it("goes on bit-identically from a saved state", async () => {
  const x = tf.randomNormal([16, 3], 0, 1, "float32", 5);
  const y = tf.sum(x, 1, true);
  const model = net();
  const optimizer = new HookedOptimizer({ params: namedParams(model), rule: adam(), learningRate: 0.01 });
  const step = (o: HookedOptimizer, m: layers.LayersModel): void =>
    void o.minimize(() => tf.losses.meanSquaredError(y, m.predict(x) as tf.Tensor) as tf.Scalar, false);
  for (let i = 0; i < 3; i++) step(optimizer, model);
  const saved = await saveState(optimizer);
  const copy = net();
  copy.setWeights(model.getWeights());
  const resumed = new HookedOptimizer({ params: namedParams(copy), rule: adam(), learningRate: 0.01 });
  loadState(resumed, saved);
  for (let i = 0; i < 3; i++) {
    step(optimizer, model);
    step(resumed, copy);
  }
  const bits = (m: layers.LayersModel): unknown => m.getWeights().map((w) => [...w.dataSync()]);
  expect(bits(copy)).toEqual(bits(model));
});

import "@tensorflow/tfjs-backend-cpu";
import { failAt } from "@graftjs/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, expect, it } from "vitest";
import { HookedOptimizer, type Param, saveState, type TensorMap } from "../src/index.ts";
import { everyHook, everyRule } from "./everything.ts";
import { disposeAll, params } from "./nets.ts";

beforeEach(() => tf.setBackend("cpu"));

const start = {
  "hidden/kernel": [
    [1, 2],
    [3, 4],
  ],
  "hidden/bias": [1, 2],
  "head/kernel": [[1], [2]],
  "head/bias": [0.5],
};
const gradients = (held: readonly Param[], seed: number): TensorMap =>
  Object.fromEntries(held.map(({ name, shape }, i) => [name, tf.randomNormal([...shape], 0, 1, "float32", seed + i)]));
const read = (held: readonly Param[]): number[][] => held.map(({ variable }) => [...variable.dataSync()]);
const everything = (held: readonly Param[], rule: keyof typeof everyRule): HookedOptimizer =>
  new HookedOptimizer({
    params: held,
    hooks: everyHook(),
    rule: (everyRule[rule] as () => ReturnType<(typeof everyRule)[string]>)(),
    learningRate: 1e-3,
    rateMultipliers: [{ params: "head", factor: 2 }],
  });

for (const rule of Object.keys(everyRule)) {
  it(`${rule}, every hook on: 500 steps (10,000 in the bench), frozen and unfrozen on the way, leave no tensor`, () => {
    const before = tf.memory().numTensors;
    const held = params(start);
    const optimizer = everything(held, rule);
    const grads = gradients(held, 3);
    let settled = 0;
    for (let step = 0; step < 500; step++) {
      if (step % 100 === 40) optimizer.freeze("hidden/**");
      if (step % 100 === 60) optimizer.unfreeze("all");
      optimizer.applyNamed(grads);
      if (step === 99) settled = tf.memory().numTensors;
    }
    expect(tf.memory().numTensors).toBe(settled);
    optimizer.dispose();
    tf.dispose(grads as tf.NamedTensorMap);
    disposeAll(...held);
    expect(tf.memory().numTensors).toBe(before);
  });

  it(`${rule}: a throw at any single op leaves weights, state and memory, and the next step equals a clean one`, async () => {
    const [held, clean] = [params(start), params(start)];
    const [optimizer, reference] = [everything(held, rule), everything(clean, rule)];
    const grads = gradients(held, 5);
    let ops = 0;
    // First step ever, one in mid-accumulation, one that is taken, one after unfreezing.
    for (const phase of ["first", "taken", "frozen", "unfrozen"]) {
      for (const one of [optimizer, reference]) {
        if (phase === "frozen") one.freeze("hidden/**");
        if (phase === "unfrozen") one.unfreeze("all");
      }
      const [weights, tensors] = [read(held), tf.memory().numTensors];
      const state = JSON.stringify(await saveState(optimizer));
      for (let n = 0; ; n++) {
        if (!(await failAt(n, () => optimizer.applyNamed(grads)))) break;
        ops++;
        expect(tf.memory().numTensors, `op ${n} of the ${phase} step`).toBe(tensors);
        expect(read(held)).toEqual(weights);
        if (n % 10 === 0) expect(JSON.stringify(await saveState(optimizer))).toBe(state);
      }
      // The last try went through, all the throws before it notwithstanding.
      reference.applyNamed(grads);
      expect(read(held)).toEqual(read(clean));
    }
    expect(ops).toBeGreaterThan(50);
    for (const one of [optimizer, reference]) one.dispose();
    tf.dispose(grads as tf.NamedTensorMap);
    disposeAll(...held, ...clean);
  });
}

it("a throw in the gradient's own computation, or in a layer's constraint, leaves everything as it was", async () => {
  const before = tf.memory().numTensors;
  const held = params(start).map((param) => ({
    ...param,
    constraint: (value: tf.Tensor) => {
      if (param.name === "head/bias") throw new Error("constraint");
      return tf.relu(value);
    },
  }));
  const optimizer = everything(held, "momentum");
  const weights = read(held);
  const grads = gradients(held, 5);
  optimizer.applyNamed(grads);
  expect(() => optimizer.applyNamed(grads)).toThrow("constraint");
  expect(read(held)).toEqual(weights);
  expect(optimizer.step).toBe(0);
  optimizer.dispose();
  tf.dispose(grads as tf.NamedTensorMap);
  disposeAll(...held);
  expect(tf.memory().numTensors).toBe(before);
});

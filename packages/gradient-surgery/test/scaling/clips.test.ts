import "@tensorflow/tfjs-backend-cpu";
import { gradientDescent, HookedOptimizer, type Param, sgd, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clipByGlobalNorm, clipByValue, skipLargeUpdate, type ZclipState, zclip } from "../../src/index.ts";
import { info, once, values } from "./once.ts";

let start = 0;
beforeEach(async () => {
  await tf.setBackend("cpu");
  start = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(start));

it("clip-by-value changes the direction, clip-by-global-norm does not", () => {
  const grads = { "dense/bias": tf.tensor1d([3, 4, 0]) };
  expect(once(clipByValue({ value: 3.5 }), grads, (out) => values(out, "dense/bias"))).toEqual([3, 3.5, 0]);
  const clipped = once(clipByGlobalNorm({ norm: 1 }), grads, (out) => values(out, "dense/bias"));
  expect(clipped.map((v) => Number(v.toFixed(6)))).toEqual([0.6, 0.8, 0]);
  tf.dispose(grads);
});

describe("clip-by-global-norm", () => {
  it.each([
    [1, [0.6, 0.8]],
    [0.1, [0.3, 0.4]],
    [1e20, [0.6, 0.8]],
    [1e-20, [3e-20, 4e-20]],
    [0, [0, 0]],
  ])("gradients of size %d", (scale, expected) => {
    const grads = { a: tf.tensor1d([3 * scale]), b: tf.tensor1d([4 * scale]) };
    const out = once(clipByGlobalNorm({ norm: 1 }), grads, (map) => [...values(map, "a"), ...values(map, "b")]);
    for (const [i, v] of out.entries()) {
      expect(Math.abs(v - (expected[i] as number))).toBeLessThanOrEqual(2e-7 * (expected[i] as number));
    }
    tf.dispose(grads);
  });
});

it("zclip: clips spikes, does not clip during the warm-up, and ignores NaN in its statistics", () => {
  const params: Param[] = [{ ...info("a/kernel", [1], [0]), variable: tf.tidy(() => tf.variable(tf.zeros([1]))) }];
  const optimizer = new HookedOptimizer({
    params,
    hooks: [zclip({ warmupSteps: 5 })],
    rule: gradientDescent(),
    learningRate: 1,
  });
  const move = (g: number): number => {
    const before = params[0]?.variable.dataSync()[0] as number;
    const grad = tf.tensor1d([g]);
    optimizer.applyNamed({ "a/kernel": grad });
    grad.dispose();
    return before - (params[0]?.variable.dataSync()[0] as number);
  };
  for (const g of [1, 1.1, 0.9, 4, 1]) expect(Math.abs(move(g) - g)).toBeLessThan(1e-4);
  for (let i = 0; i < 200; i++) move(1 + 0.1 * Math.sin(i));
  const stats = (): number[] => {
    const { mean, deviation } = (optimizer.state as unknown as { hooks: { zclip: ZclipState } }).hooks.zclip;
    return [mean.dataSync()[0] as number, deviation.dataSync()[0] as number];
  };
  const before = stats();
  const moved = move(100);
  expect(moved).toBeLessThan(1.01);
  expect(moved).toBeGreaterThan(0.9);
  expect(stats()[0]).toBeCloseTo(before[0] as number, 1);
  const settled = stats();
  move(Number.NaN);
  expect(stats()).toEqual(settled);
  optimizer.dispose();
  tf.dispose(params.map(({ variable }) => variable));
});

it("skip-large-update: a step that is too large or not finite changes nothing, and is counted", () => {
  const params: Param[] = [{ ...info("a/kernel", [2], [0]), variable: tf.tidy(() => tf.variable(tf.zeros([2]))) }];
  const hooks = [skipLargeUpdate({ norm: 5 })];
  const optimizer = new HookedOptimizer({ params, hooks, rule: sgd({ momentum: 0.5 }), learningRate: 1 });
  const after = (a: number, b: number): number[] => {
    const grad = tf.tensor1d([a, b]);
    optimizer.applyNamed({ "a/kernel": grad });
    grad.dispose();
    const { hooks, rule } = optimizer.state as unknown as {
      hooks: { "skip-large-update": { skipped: tf.Tensor } };
      rule: { velocity: TensorMap };
    };
    const velocity = [...(rule.velocity["a/kernel"] as tf.Tensor).dataSync()];
    return [...(params[0] as Param).variable.dataSync(), ...velocity, ...hooks["skip-large-update"].skipped.dataSync()];
  };
  expect(after(3, 4)).toEqual([-3, -4, 3, 4, 0]);
  expect(after(3.1, 4)).toEqual([-3, -4, 3, 4, 1]);
  expect(after(Number.NaN, 1)).toEqual([-3, -4, 3, 4, 2]);
  expect(after(1, Infinity)).toEqual([-3, -4, 3, 4, 3]);
  expect(after(0, 0)).toEqual([-4.5, -6, 1.5, 2, 3]);
  optimizer.dispose();
  tf.dispose(params.map(({ variable }) => variable));
});

import "@tensorflow/tfjs-backend-cpu";
import { HookedOptimizer, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, expect, it } from "vitest";
import { lars } from "../src/index.ts";

beforeEach(() => tf.setBackend("cpu"));

it("the hook with sgd and the rate in the velocity is the optimizer of the paper: two golden steps", () => {
  const w = tf.variable(tf.tensor1d([1, 2, 2]));
  const info = { name: "a/kernel", layer: "a", role: "kernel", shape: [3], unitAxes: [0], variable: w };
  const optimizer = new HookedOptimizer({
    params: [info],
    hooks: [lars({ weightDecay: 0.01, excludeFromRatio: [], excludeFromDecay: [] })],
    rule: sgd({ momentum: 0.9, rateInVelocity: true }),
    learningRate: (step) => [1, 0.5][step] as number,
  });
  for (const [g, expected] of [
    [
      [0.3, 0, 0.4],
      [0.998245283, 1.999886792, 1.997622642],
    ],
    [
      [0, -0.6, 0.8],
      [0.996651511, 2.000628954, 1.994289746],
    ],
  ] as const) {
    optimizer.applyNamed({ "a/kernel": tf.tensor1d([...g]) });
    for (const [i, value] of w.dataSync().entries()) expect(value).toBeCloseTo(expected[i] as number, 6);
  }
});

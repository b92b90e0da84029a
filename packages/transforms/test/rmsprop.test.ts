import "@tensorflow/tfjs-backend-cpu";
import { HookedOptimizer } from "@graftjs/core";
import { testRule } from "@graftjs/testing";
import { rmsprop } from "@graftjs/transforms";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import oracle from "./rmsprop-oracle.json" with { type: "json" };

beforeEach(() => tf.setBackend("cpu"));

describe("conformance", () => {
  testRule(() => rmsprop({ momentum: 0.9, centered: true }), {
    expectedFailures: {
      "is finite for gradients of 1e20": "1e20 squared overflows float32: the mean square, in every implementation",
    },
  });
});

describe("rmsprop equals PyTorch's", () => {
  it.each([
    ["plain", {}],
    ["momentum", { decay: 0.9, momentum: 0.8, epsilon: 1e-3 }],
    ["centered", { decay: 0.9, centered: true, epsilon: 1e-3 }],
    ["both", { decay: 0.95, centered: true, momentum: 0.5, epsilon: 1e-2 }],
  ] as const)("%s", (name, options) => {
    const variable = tf.variable(tf.tensor1d(oracle.start));
    const params = [{ name: "w", layer: "w", role: "kernel" as const, shape: [4], unitAxes: [0], variable }];
    const optimizer = new HookedOptimizer({ params, rule: rmsprop(options), learningRate: oracle.rate });
    for (const [i, factors] of oracle.factors.entries()) {
      const g = tf.tidy(() => tf.add(tf.mul(variable, tf.tensor1d(factors)), tf.tensor1d(oracle.shift)));
      optimizer.applyNamed({ w: g });
      g.dispose();
      const expected = oracle.steps[name][i] as number[];
      [...variable.dataSync()].forEach((value, k) => {
        expect(value).toBeCloseTo(expected[k] as number, 4);
      });
    }
    optimizer.dispose();
    variable.dispose();
  });
});

it("is finite in the first step of the centered form, where tfjs's is NaN", () => {
  const gradient = 1e-5;
  const w = tf.variable(tf.scalar(0));
  const loss = (): tf.Scalar => tf.mul(w, gradient) as tf.Scalar;
  tf.train.rmsprop(0.1, 0.9, 0, 1e-8, true).minimize(loss, false, [w]);
  expect(w.dataSync()[0]).toBeNaN();
  w.assign(tf.scalar(0));
  const params = [{ name: "w", layer: "w", role: "kernel", shape: [], unitAxes: [], variable: w }];
  const rule = rmsprop({ decay: 0.9, centered: true, epsilon: 1e-8 });
  const optimizer = new HookedOptimizer({ params, rule, learningRate: 0.1 });
  optimizer.applyNamed({ w: tf.scalar(gradient) });
  // By hand: ms = 0.1 g², mg = 0.1 g, so the step is 0.1 g / (√(0.09 g²) + ε) = 0.1 · 1e-5 / (3e-6 + 1e-8).
  expect(w.dataSync()[0]).toBeCloseTo(-1e-6 / 3.01e-6, 4);
  optimizer.dispose();
});

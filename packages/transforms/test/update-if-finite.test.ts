import "@tensorflow/tfjs-backend-cpu";
import { type AnyHook, adam, HookedOptimizer, mapTensors, type Schedule, sgd, stateless } from "@graftjs/core";
import { testRule } from "@graftjs/testing";
import { type UpdateIfFiniteState, updateIfFinite } from "@graftjs/transforms";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";

beforeEach(() => tf.setBackend("cpu"));

describe("conformance", () => {
  testRule(() => updateIfFinite(adam()));
});

describe("updateIfFinite", () => {
  const bad = (factor: number): AnyHook =>
    stateless("bad", (grads, { step }) => mapTensors(grads, (g) => (step === 1 ? tf.mul(g, factor) : g)));
  const rate: Schedule = (step) => (step === 1 ? Number.NaN : 0.1);

  it.each([
    ["a rate of NaN", rate, []],
    ["a hook that returns infinity", 0.1, [bad(Number.POSITIVE_INFINITY)]],
    ["an overflow in the rule", 0.1, [bad(1e38)]],
  ])("leaves out one update because of %s, and continues as if it had not been", (_name, learningRate, hooks) => {
    // By hand: w − 0.1·g, v = g, then v = 0.9·g + g; the second step is left out.
    const variable = tf.variable(tf.tensor1d([1, -2]));
    const params = [{ name: "w", layer: "w", role: "kernel" as const, shape: [2], unitAxes: [0], variable }];
    const rule = updateIfFinite(sgd({ momentum: 0.9 }));
    const optimizer = new HookedOptimizer({ params, hooks, rule, learningRate });
    const g = tf.tensor1d([10, 20]);
    const values: number[][] = [];
    for (let i = 0; i < 3; i++) {
      optimizer.applyNamed({ w: g });
      values.push([...variable.dataSync()]);
    }
    expect(values[0]).toEqual([0, -4]);
    expect(values[1]).toEqual([0, -4]);
    expect(values[2]?.[0]).toBeCloseTo(-1.9, 5);
    expect(values[2]?.[1]).toBeCloseTo(-7.8, 5);
    const state = optimizer.state?.rule as unknown as UpdateIfFiniteState | undefined;
    expect(state?.skipped.dataSync()[0]).toBe(1);
    optimizer.dispose();
    tf.dispose([variable, g]);
  });
});

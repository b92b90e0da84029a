import "@tensorflow/tfjs-backend-cpu";
import { gradientDescent, HookedOptimizer, type Param, type ParamInfo } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { agc, centralize } from "../../src/index.ts";
import { filled, layouts, once } from "./once.ts";

let start = 0;
beforeEach(async () => {
  await tf.setBackend("cpu");
  start = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(start));

describe("agc", () => {
  it("limits the gradient of each unit to λ·max(‖w‖, ε), in every layout", () => {
    const params = Object.fromEntries(layouts.map(({ name, shape }, i) => [name, filled([...shape], i + 1)]));
    const grads = Object.fromEntries(layouts.map(({ name, shape }, i) => [name, filled([...shape], i + 9)]));
    once(
      agc({ clipping: 0.02 }),
      grads,
      (out) => {
        for (const { name, shape, unitAxes } of layouts) {
          const axes = [...shape.keys()].filter((axis) => shape.length < 2 || !unitAxes.includes(axis));
          const units = (t: tf.Tensor): number[] => [...tf.sqrt(tf.sum(tf.square(t), axes)).dataSync()];
          const [w, g, before] = [params[name], out[name], grads[name]].map((t) => units(t as tf.Tensor)) as [
            number[],
            number[],
            number[],
          ];
          expect(g.length).toBe(name.startsWith("depth") ? 8 : shape.length === 1 ? 1 : shape.at(-1));
          for (const [u, norm] of g.entries()) {
            const limit = 0.02 * Math.max(w[u] as number, 1e-3);
            expect(norm).toBeLessThanOrEqual(limit * (1 + 1e-5));
            expect(norm).toBeGreaterThanOrEqual(Math.min(limit, before[u] as number) * (1 - 1e-5));
          }
        }
      },
      { params },
    );
    tf.dispose([params, grads] as unknown as tf.NamedTensorMap[]);
  });
  it("changes a unit that starts at 0, so that a head of zeros learns", () => {
    const kernel = tf.tidy(() => tf.variable(tf.zeros([4, 3])));
    const params: Param[] = [{ ...(layouts[0] as ParamInfo), variable: kernel }];
    const optimizer = new HookedOptimizer({ params, hooks: [agc()], rule: gradientDescent(), learningRate: 1 });
    const grads = { "dense/kernel": filled([4, 3], 3) };
    for (let i = 0; i < 50; i++) optimizer.applyNamed(grads);
    expect(Math.max(...kernel.dataSync().map(Math.abs))).toBeGreaterThan(2e-4);
    tf.dispose([grads["dense/kernel"], kernel]);
    optimizer.dispose();
  });
});

it("centralize: the mean of each unit is 0 in every layout, and a vector is unchanged", () => {
  const grads = Object.fromEntries(layouts.map(({ name, shape }, i) => [name, filled([...shape], i + 1)]));
  once(centralize(), grads, (out) => {
    for (const { name, shape, unitAxes } of layouts.slice(0, 3)) {
      const axes = [...shape.keys()].filter((axis) => !unitAxes.includes(axis));
      const means = [...tf.mean(out[name] as tf.Tensor, axes).dataSync()];
      expect(means.length).toBe(unitAxes.reduce((n, axis) => n * (shape[axis] as number), 1));
      for (const mean of means) expect(Math.abs(mean)).toBeLessThan(1e-7);
    }
    expect(out["dense/bias"]).toBe(grads["dense/bias"]);
  });
  tf.dispose(grads as tf.NamedTensorMap);
});

import "@tensorflow/tfjs-backend-cpu";
import { adam, plugins as corePlugins, sgd } from "@graftjs/core";
import { createRegistry } from "@graftjs/registry";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { driftCap, plugins, readWeights } from "../../src/index.ts";
import { drift, net, train } from "./net.ts";

let start = 0;
beforeEach(async () => {
  await tf.setBackend("cpu");
  start = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(start));

describe("drift-cap", () => {
  it("keeps every layer in its ball, with Adam and momentum; an excluded head is free", async () => {
    for (const rule of [adam(), sgd({ momentum: 0.9 })]) {
      const { params, loss, free } = net();
      const reference = await readWeights(params);
      train(params, loss, 40, driftCap(rule, { radius: 0.05, params: { exclude: ["head/**"] } }));
      expect(drift(params, reference, ["body/kernel", "body/bias"])).toBeLessThanOrEqual(0.05 * (1 + 1e-5));
      expect(drift(params, reference, ["body/kernel", "body/bias"])).toBeGreaterThan(0.049);
      expect(drift(params, reference, ["head/kernel", "head/bias"])).toBeGreaterThan(0.1);
      free();
    }
  });
  it("equals the inner rule inside the ball, bit for bit", () => {
    const weights = [adam(), driftCap(adam(), { radius: 1e6 })].map((rule) => {
      const { params, loss, free } = net();
      train(params, loss, 10, rule);
      const out = params.map(({ variable }) => [...variable.dataSync()]);
      free();
      return out;
    });
    expect(weights[1]).toEqual(weights[0]);
  });
  it("weights that start at 0 can change: their radius is relative to ε", async () => {
    const { params, loss, free } = net();
    train(params, loss, 20, driftCap(sgd(), { radius: 1, granularity: "tensor", params: "head/bias" }));
    const bias = params.find(({ name }) => name === "head/bias")?.variable.dataSync()[0] as number;
    expect(Math.abs(bias)).toBeGreaterThan(5e-4);
    expect(Math.abs(bias)).toBeLessThan(1.001e-3);
    free();
  });
  it("wraps another rule in a recipe", async () => {
    const registry = createRegistry([corePlugins, plugins]);
    const made = await registry.resolve({
      rule: { use: "drift-cap", with: { radius: 0.2, rule: { use: "sgd", with: { momentum: 0.9 } } } },
      learningRate: 0.1,
    });
    expect(made.rule.name).toBe("drift-cap(sgd)");
    const wrong = { rule: { use: "drift-cap", with: { rule: "pcgrad" } }, learningRate: 0.1 };
    await expect(registry.resolve(wrong)).rejects.toThrow(/`pcgrad` is a combiner/);
  });
});

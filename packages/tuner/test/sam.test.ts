import "@tensorflow/tfjs-backend-cpu";
import { adam, namedParams, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it } from "vitest";
import { type FineTuneOptions, fineTune } from "../src/index.ts";
import { mlp } from "./nets.ts";
import samOracle from "./sam-oracle.json" with { type: "json" };
import { distance, examples, mapStore, weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

describe("sharpness-aware minimisation", () => {
  const samNet = (): layers.LayersModel => {
    const { dense, batchNormalization, activation } = layers.layers;
    const model = layers.sequential({
      layers: [
        dense({ units: 5, inputShape: [4], name: "body" }),
        batchNormalization({ name: "bn", momentum: 0.9, epsilon: 1e-3 }),
        activation({ activation: "tanh", name: "tanh" }),
        dense({ units: 3, activation: "softmax", name: "head" }),
      ],
    });
    const start: Record<string, { shape: number[]; values: number[] }> = samOracle.start;
    for (const { name, variable } of namedParams(model)) {
      const { values, shape } = start[name] as { shape: number[]; values: number[] };
      variable.assign(tf.tensor(values, shape) as never);
    }
    return model;
  };
  const options = (more: Partial<FineTuneOptions> = {}): FineTuneOptions => ({
    data: { xs: tf.tensor2d(samOracle.x), ys: tf.oneHot(tf.tensor1d(samOracle.y, "int32"), 3) },
    loss: "categoricalCrossentropy",
    trainable: "all",
    rule: sgd({ momentum: samOracle.momentum }),
    learningRate: samOracle.rate,
    epochs: 4,
    batchSize: 12,
    shuffle: false,
    ...more,
  });

  it.each(["sam", "adaptive", "tiny"] as const)(
    "equals PyTorch's two passes, and moves statistics in the first one only: %s",
    async (name) => {
      const { rho, adaptive, losses, weights } = samOracle.cases[name];
      const model = samNet();
      const given = options({ sam: adaptive ? { rho, adaptive } : rho });
      const before = tf.memory().numTensors;
      const { history, restore } = await fineTune(model, given);
      restore();
      expect(tf.memory().numTensors).toBe(before);
      expect(distance({ l: history.loss as number[] }, { l: losses })).toBeLessThan(2e-6);
      expect(distance(weights, weightsOf(model))).toBeLessThan(2e-6);
    },
  );

  it("gives the same step for batches that are accumulated, and for a loss of any scale", async () => {
    const steps = async (more: Partial<FineTuneOptions>) => {
      const model = mlp();
      const given = options({ data: examples([4], 12), sam: 0.5, rule: sgd(), epochs: 2, ...more });
      (await fineTune(model, given)).restore();
      return weightsOf(model);
    };
    const whole = await steps({});
    expect(distance(whole, await steps({ sam: 1e-9 }))).toBeGreaterThan(1e-3);
    expect(distance(whole, await steps({ batchSize: 4, accumulate: 3 }))).toBeLessThan(1e-6);
    // Squares of such gradients underflow and overflow float32.
    for (const scale of [1e-25, 1e25]) {
      const scaled = await steps({ lossWeights: [scale], learningRate: samOracle.rate / scale });
      expect(distance(whole, scaled), `${scale}`).toBeLessThan(1e-5);
    }
  });

  it("leaves the weights as they were if the loss is flat, NaN uphill or throws uphill", async () => {
    const before = weightsOf(samNet());
    const square = (outputs: tf.Tensor): tf.Tensor => tf.sum(tf.square(outputs), 1);
    let calls = 0;
    const losses: Record<string, (labels: tf.Tensor, outputs: tf.Tensor) => tf.Tensor> = {
      flat: (_, outputs) => tf.mul(square(outputs), 0),
      "The gradient": (_, outputs) => tf.mul(square(outputs), calls++ === 1 ? Number.NaN : 1),
      "It throws": (_, outputs) => {
        if (calls++ === 1) throw new Error("It throws");
        return square(outputs);
      },
    };
    for (const [name, loss] of Object.entries(losses)) {
      const model = samNet();
      calls = 0;
      const run = fineTune(model, options({ loss, sam: 0.1, epochs: 1 }));
      if (name === "flat") (await run).restore();
      else await expect(run, name).rejects.toThrow(name);
      const now = weightsOf(model);
      for (const { name: param } of namedParams(model)) expect(now[param], `${name} ${param}`).toEqual(before[param]);
      if (name !== "flat") expect(now, name).toEqual(before);
    }
  });

  it("computes both passes from the same states of a stateful layer, and moves the states once", async () => {
    const run = async (more: Partial<FineTuneOptions>) => {
      const kernelInitializer = layers.initializers.glorotNormal({ seed: 4 });
      const recurrentInitializer = layers.initializers.glorotNormal({ seed: 5 });
      const rnn = { units: 3, stateful: true, batchInputShape: [4, 3, 2], kernelInitializer, recurrentInitializer };
      const head = { units: 3, activation: "softmax" as const, kernelInitializer };
      const model = layers.sequential({ layers: [layers.layers.simpleRNN(rnn), layers.layers.dense(head)] });
      const given = options({ data: examples([3, 2], 12), batchSize: 4, epochs: 1, ...more });
      const { history, restore } = await fineTune(model, given);
      restore();
      return { w: Object.values(weightsOf(model)).flat(), loss: history.loss as number[] };
    };
    expect(distance(await run({ sam: 1e-12 }), await run({}))).toBeLessThan(1e-6);
  });

  it("resumes bit-identical, and refuses another ρ, a combiner and values out of range", async () => {
    const run = async (more: Partial<FineTuneOptions> = {}) => {
      const model = samNet();
      const { history, restore } = await fineTune(
        model,
        options({ batchSize: 5, epochs: 2, rule: adam(), sam: 0.1, ...more }),
      );
      restore();
      return { weights: weightsOf(model), history };
    };
    const expected = await run();
    for (const stopAt of [1, 3, 4]) {
      const checkpoint = { to: mapStore(), everySteps: 1, resume: true };
      await run({ checkpoint, maxSteps: stopAt });
      await expect(run({ checkpoint, sam: { rho: 0.1, adaptive: true } })).rejects.toThrow(/sam.adaptive: was false/);
      expect(await run({ checkpoint })).toEqual(expected);
    }
    await expect(run({ sam: 0 })).rejects.toThrow(/sam/);
    await expect(run({ sam: { rho: 1, radius: 2 } as never })).rejects.toThrow(/radius/);
    const input = layers.input({ shape: [4] });
    const outputs = [1, 2].map((units) => layers.layers.dense({ units }).apply(input) as layers.SymbolicTensor);
    const combiner = { name: "sum", weigh: () => ({ weights: [1, 1], state: null }), init: () => null };
    const data = { xs: tf.ones([4, 4]), ys: [tf.ones([4, 1]), tf.ones([4, 2])] };
    const given = options({ data: data as never, loss: "meanSquaredError", combiner: combiner as never, sam: 0.1 });
    await expect(fineTune(layers.model({ inputs: input, outputs }), given)).rejects.toThrow(/`sam` and `combiner`/);
  });
});

import "@tensorflow/tfjs-backend-cpu";
import { adam, plugins as corePlugins, namedParams, SelectionError, sgd } from "@graftjs/core";
import { createRegistry } from "@graftjs/registry";
import { testHook } from "@graftjs/testing";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it } from "vitest";
import { type FineTuneOptions, fineTune, gradientNoise, plugins } from "../src/index.ts";
import { normals } from "../src/random/normal.ts";
import { seeded } from "../src/random/random.ts";
import { convNet, mlp } from "./nets.ts";
import samOracle from "./sam-oracle.json" with { type: "json" };
import { distance, examples, mapStore, weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

// The suite applies unchanged: zero gradients give noise, huge gradients absorb it, and the loss of the small net falls.
testHook(() => gradientNoise({ eta: 1e-6 }));

const N = 200_000;
const moment = (values: Float32Array, k: number, scale = 1): number =>
  values.reduce((sum, value) => sum + (value / scale) ** k, 0) / values.length;

describe("normal numbers", () => {
  it("have the moments and tails of the normal distribution, to four standard errors", () => {
    const values = normals(N, 1, seeded(1));
    // The standard errors of the sample moments of a normal distribution are √1, √2, √15 and √96, divided by √n.
    const errors = [1, 2, 15, 96].map((variance) => 4 * Math.sqrt(variance / N));
    [0, 1, 0, 3].forEach((expected, i) => {
      expect(Math.abs(moment(values, i + 1) - expected)).toBeLessThan(errors[i] as number);
    });
    for (const [bound, share] of [
      [1, 0.317311],
      [2, 0.0455],
      [3, 0.0027],
    ] as const) {
      const seen = values.filter((value) => Math.abs(value) > bound).length / N;
      expect(Math.abs(seen - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / N));
    }
    expect(normals(7, 1, seeded(1))).toEqual(values.slice(0, 7));
  });
});

describe("gradient noise", () => {
  const context = (step: number) => ({ step, learningRate: 1, rates: {}, params: {}, infos: [] });
  const noiseAt = (step: number, options = {}, name = "w"): Float32Array =>
    tf.tidy(() => {
      const { grads } = gradientNoise({ eta: 0.3, ...options }).transform(
        { [name]: tf.fill([N / 2, 2], 5) },
        null,
        context(step),
      );
      return (tf.sub(grads[name] as tf.Tensor, 5).dataSync() as Float32Array).slice();
    });

  it("has the variance of equation 1 at every step, and different values for every seed, step and parameter", () => {
    for (const [step, gamma] of [
      [0, 0.55],
      [1, 0.55],
      [99, 0.55],
      [99, 0],
    ] as const) {
      const deviation = Math.sqrt(0.3 / (1 + step) ** gamma);
      const noise = noiseAt(step, { gamma });
      expect(Math.abs(moment(noise, 1, deviation))).toBeLessThan(4 / Math.sqrt(N));
      expect(Math.abs(moment(noise, 2, deviation) - 1)).toBeLessThan(4 * Math.sqrt(2 / N));
    }
    const plain = noiseAt(3);
    expect(noiseAt(3)).toEqual(plain);
    for (const other of [noiseAt(3, { seed: 1 }), noiseAt(3, {}, "v"), noiseAt(4)]) {
      const together = plain.reduce((sum, value, i) => sum + value * (other[i] as number), 0) / N;
      expect(Math.abs(together) / (moment(plain, 2) ** 0.5 * moment(other, 2) ** 0.5)).toBeLessThan(4 / Math.sqrt(N));
    }
  });

  it("is built from a recipe, also masked, and refuses unknown options", async () => {
    const registry = createRegistry([...corePlugins, ...plugins]);
    const use = { use: "gradient-noise", on: "head/**", with: { eta: 0.01 } };
    const { hooks } = await registry.resolve({ hooks: [use], rule: "sgd", learningRate: 0.1 });
    expect(hooks.map(({ name }) => name)).toEqual(["gradient-noise"]);
    expect(() => gradientNoise({ eta: 0 })).toThrow(/eta/);
    expect(() => gradientNoise({ eta: 1, gama: 2 } as never)).toThrow(/gama/);
  });
});

describe("weight noise", () => {
  let given: ReturnType<typeof examples>;
  beforeEach(() => {
    given = examples([4], 20);
  });
  const options = (more: Partial<FineTuneOptions> = {}): FineTuneOptions => ({
    data: given,
    loss: "categoricalCrossentropy",
    trainable: ["middle", "head"],
    rule: sgd(),
    learningRate: 0.5,
    epochs: 1,
    batchSize: 20,
    weightNoise: { deviation: 0.1 },
    ...more,
  });

  it("applies the gradient at the noisy weights to the clean ones, checked against tfjs's gradient there", async () => {
    const [model, twin] = [mlp(), mlp()];
    const trained = namedParams(twin).filter(({ layer }) => layer !== "trunk");
    const clean = weightsOf(twin);
    for (const { name, variable } of trained) {
      const noise = normals(variable.size, 0.1, seeded(0, "weight-noise", 0, 0, name));
      variable.assign(tf.add(variable, tf.tensor(noise, variable.shape)) as never);
    }
    const { value, grads } = tf.variableGrads(
      () => {
        const out = twin.apply(given.xs, { training: true }) as tf.Tensor;
        return tf.neg(tf.mean(tf.sum(tf.mul(given.ys, tf.log(out)), -1))) as tf.Scalar;
      },
      trained.map(({ variable }) => variable),
    );
    const before = tf.memory().numTensors;
    const result = await fineTune(model, options());
    result.restore();
    expect(tf.memory().numTensors).toBe(before);
    expect(result.history.loss[0]).toBeCloseTo(value.dataSync()[0] as number, 5);
    const now = weightsOf(model);
    for (const { name, variable } of trained) {
      const gradient = grads[variable.name]?.dataSync() as Float32Array;
      const expected = (clean[name] as number[]).map((w, i) => w - 0.5 * (gradient[i] as number));
      expect(distance({ w: now[name] as number[] }, { w: expected })).toBeLessThan(1e-6);
    }
  });

  it("is removed to the bit: with learning rate 0 weights do not change, also after an error in the forward pass", async () => {
    const model = mlp();
    const before = weightsOf(model);
    const { restore, history } = await fineTune(model, options({ learningRate: 0, epochs: 3 }));
    restore();
    expect(weightsOf(model)).toEqual(before);
    expect(new Set(history.loss).size).toBe(3);
    // Tensors are not counted here, because tfjs never frees tensors saved for gradients before an error.
    const failing = () => {
      throw new Error("no loss");
    };
    await expect(fineTune(model, options({ loss: failing }))).rejects.toThrow("no loss");
    const { layers } = model;
    const call = layers[2]?.call;
    if (layers[2]) layers[2].call = failing;
    await expect(fineTune(model, options())).rejects.toThrow("no loss");
    if (layers[2] && call) layers[2].call = call;
    expect(weightsOf(model)).toEqual(before);
  });

  it("affects only the selected parameters, is off by default and refuses a selector that matches none", async () => {
    const one = async (more: Partial<FineTuneOptions>) => {
      const { history, restore } = await fineTune(mlp(), options({ learningRate: 0, ...more }));
      restore();
      return history.loss[0] as number;
    };
    const { weightNoise: _, ...quiet } = options({ learningRate: 0 });
    const plain = await fineTune(mlp(), quiet);
    plain.restore();
    expect(await one({ weightNoise: { deviation: 1e-12 } })).toBeCloseTo(plain.history.loss[0] as number, 6);
    expect(await one({})).not.toBe(await one({ weightNoise: { deviation: 0.1, on: "head" } }));
    await expect(one({ weightNoise: { deviation: 0.1, on: "trunk" } })).rejects.toThrow(SelectionError);
    await expect(one({ weightNoise: { deviation: Number.NaN } })).rejects.toThrow(/deviation/);
  });

  it("resumes bit-identical from every step with both noises, accumulation and dropout", async () => {
    const data = examples([8, 8, 2], 9);
    const run = async (more: Partial<FineTuneOptions> = {}) => {
      const model = convNet({ dropoutRate: 0.3 });
      const noise = { weightNoise: { deviation: 0.02 }, hooks: [gradientNoise({ eta: 0.01, seed: 3 })] };
      const steps = { epochs: 2, batchSize: 2, accumulate: 2, learningRate: 0.05, rule: adam() };
      const { history, restore } = await fineTune(
        model,
        options({ data, trainable: "head", ...steps, ...noise, ...more }),
      );
      restore();
      return { weights: weightsOf(model), history };
    };
    const expected = await run();
    expect((await run({ hooks: [] })).weights).not.toEqual(expected.weights);
    for (let stopAt = 1; stopAt < 6; stopAt++) {
      const checkpoint = { to: mapStore(), everySteps: 1, resume: true };
      await run({ checkpoint, maxSteps: stopAt });
      expect(await run({ checkpoint })).toEqual(expected);
    }
  });
});

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

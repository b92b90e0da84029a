import "@tensorflow/tfjs-backend-cpu";
import { adam, plugins as corePlugins, namedParams, SelectionError, sgd } from "@graftjs/core";
import { createRegistry } from "@graftjs/registry";
import { testHook } from "@graftjs/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import { type FineTuneOptions, fineTune, gradientNoise, plugins } from "../src/index.ts";
import { normals } from "../src/random/normal.ts";
import { seeded } from "../src/random/random.ts";
import { convNet, mlp } from "./nets.ts";
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

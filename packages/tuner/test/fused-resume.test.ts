import { fusedLayers, wasmBackend } from "@graftjs/backend-wasm";
import { sgd } from "@graftjs/core";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { type FineTuneOptions, fineTune } from "../src/index.ts";
import { examples, mapStore, weightsOf } from "./support.ts";

beforeAll(async () => {
  await wasmBackend().init();
});

/** Makes a net with two dropouts, only one of which has a seed. */
function net(): layers.LayersModel {
  const dense = (name: string, units: number, seed: number): layers.layers.Layer =>
    layers.layers.dense({ name, units, kernelInitializer: layers.initializers.glorotNormal({ seed }) });
  const input = layers.input({ shape: [8] });
  let x = dense("first", 12, 1).apply(input);
  x = layers.layers.dropout({ rate: 0.4, seed: 7 }).apply(x);
  x = dense("second", 12, 2).apply(x);
  x = layers.layers.dropout({ rate: 0.4 }).apply(x);
  return layers.model({ inputs: input, outputs: dense("last", 3, 3).apply(x) as layers.SymbolicTensor });
}

const options = (more: Partial<FineTuneOptions>): FineTuneOptions => ({
  data: examples([8], 9),
  loss: "meanSquaredError",
  trainable: "**",
  patches: [fusedLayers()],
  rule: sgd(),
  learningRate: 0.1,
  epochs: 2,
  batchSize: 2,
  ...more,
});

/** Runs a new model and returns its weights. */
async function run(more: Partial<FineTuneOptions>): Promise<{ weights: Record<string, number[]>; steps: number }> {
  const model = net();
  const result = await fineTune(model, options(more));
  result.restore();
  return { weights: weightsOf(model), steps: result.steps };
}

describe("fused dropout in a run", () => {
  it("depends only on the run's seed", async () => {
    const first = await run({ seed: 3 });
    expect((await run({ seed: 3 })).weights).toEqual(first.weights);
    expect((await run({ seed: 4 })).weights).not.toEqual(first.weights);
  });

  it("resumed from any step, ends bit-identical to an uninterrupted run", async () => {
    const whole = await run({});
    expect(whole.steps).toBe(10);
    for (let stopAt = 1; stopAt < whole.steps; stopAt++) {
      const checkpoint = { to: mapStore(), everySteps: 1, resume: true };
      await run({ checkpoint, maxSteps: stopAt });
      expect((await run({ checkpoint })).weights, `stopped at ${stopAt}`).toEqual(whole.weights);
    }
  });
});

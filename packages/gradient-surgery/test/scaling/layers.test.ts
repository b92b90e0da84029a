import "@tensorflow/tfjs-backend-cpu";
import {
  adam,
  plugins as corePlugins,
  HookedOptimizer,
  namedParams,
  OptionsError,
  SelectionError,
} from "@graftjs/core";
import { createRegistry } from "@graftjs/registry";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { layerDecay, layerDecayRates, layerDepths, layerScale, plugins } from "../../src/index.ts";
import { info, layouts, once, values } from "./once.ts";

let start = 0;
beforeEach(async () => {
  await tf.setBackend("cpu");
  start = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(start));

it("layer-scale multiplies the factors of all matching selectors, follows schedules, and keeps other gradients", () => {
  const grads = { "dense/kernel": tf.ones([4, 3]), "dense/bias": tf.ones([3]), "conv/kernel": tf.ones([3, 3, 2, 5]) };
  const infos = layouts.filter(({ name }) => name in grads);
  const hook = layerScale({
    scales: [
      { params: "dense/**", factor: 0.5 },
      { params: "bias", factor: (step) => step },
    ],
  });
  const first = (name: string, step: number): number | undefined =>
    once(hook, grads, (out) => values(out, name)[0], { infos, step });
  expect([first("dense/kernel", 3), first("dense/bias", 3), first("dense/bias", 0), first("conv/kernel", 3)]).toEqual([
    0.5, 1.5, 0, 1,
  ]);
  expect(once(hook, grads, (out) => out["conv/kernel"], { infos })).toBe(grads["conv/kernel"]);
  expect(() =>
    layerScale({
      scales: [
        { params: "all", factor: -1 },
        { params: "all", factor: -2 },
      ],
    }),
  ).toThrow(/scales.0.factor is -1, scales.1.factor is -2/);
  expect(() => once(layerScale({ scales: [{ params: "dens/**", factor: 1 }] }), grads, () => 0, { infos })).toThrow(
    SelectionError,
  );
  tf.dispose(grads);
});

describe("layer-decay", () => {
  const dense = (name: string): tfl.layers.Layer => tfl.layers.dense({ units: 4, name });
  function branching(): tfl.LayersModel {
    const input = tfl.input({ shape: [4], name: "in" });
    const stem = dense("z_stem").apply(input) as tfl.SymbolicTensor;
    const norm = tfl.layers.batchNormalization({ name: "a_norm" }).apply(stem) as tfl.SymbolicTensor;
    const left = dense("left").apply(norm) as tfl.SymbolicTensor;
    const right = dense("right_2").apply(dense("right_1").apply(norm) as tfl.SymbolicTensor) as tfl.SymbolicTensor;
    const joined = tfl.layers.add({ name: "sum" }).apply([left, right]) as tfl.SymbolicTensor;
    return tfl.model({ inputs: input, outputs: dense("b_head").apply(joined) as tfl.SymbolicTensor });
  }
  it("gets depths from the graph: branches, normalization, a nested model", () => {
    const model = branching();
    const { in: input, z_stem, a_norm, left, right_1, right_2, sum, b_head } = layerDepths(model);
    expect([input, z_stem, a_norm, left, right_1, right_2, sum, b_head]).toEqual([0, 1, 1, 2, 2, 3, 3, 4]);
    const outer = tfl.sequential({ layers: [model, dense("new_head")] });
    const depths = layerDepths(outer);
    expect([depths[`${model.name}/z_stem`], depths[`${model.name}/b_head`], depths.new_head]).toEqual([1, 4, 5]);
    for (const { layer } of namedParams(outer)) expect(depths[layer]).toBeTypeOf("number");
    outer.dispose();
  });
  it("scales by decay^(L − l), also in levels, and as rates for Adam", () => {
    const depths = { a: 1, b: 2, c: 3 };
    const infos = ["a", "b", "c"].map((layer) => info(`${layer}/kernel`, [2], [0]));
    const grads = Object.fromEntries(infos.map(({ name }) => [name, tf.ones([2])]));
    const scaled = (options: object): number[] =>
      once(
        layerDecay({ depths, decay: 0.5, ...options }),
        grads,
        (out) => infos.map(({ name }) => values(out, name)[0] as number),
        { infos },
      );
    expect(scaled({})).toEqual([0.25, 0.5, 1]);
    expect(scaled({ levels: 2 })).toEqual([0.5, 1, 1]);
    const params = infos.map((param) => ({ ...param, variable: tf.tidy(() => tf.variable(tf.zeros([2]))) }));
    const optimizer = new HookedOptimizer({
      params,
      rule: adam(),
      learningRate: 1,
      rateMultipliers: layerDecayRates({ depths, decay: 0.5 }),
    });
    optimizer.applyNamed(grads);
    expect(params.map(({ variable }) => Number((-(variable.dataSync()[0] as number)).toFixed(5)))).toEqual([
      0.25, 0.5, 1,
    ]);
    optimizer.dispose();
    tf.dispose([...Object.values(grads), ...params.map(({ variable }) => variable)]);
  });
  it("names layers without a depth, and refuses Adam in a recipe with a reason", async () => {
    const grads = { "dense/kernel": tf.ones([4, 3]) };
    expect(() => once(layerDecay({ depths: { conv: 1 } }), grads, () => 0, { infos: layouts.slice(0, 1) })).toThrow(
      /no entry for `dense`/,
    );
    expect(() => layerDecay({ depths: {}, decay: 0 })).toThrow(OptionsError);
    const recipe = { hooks: [{ use: "layer-decay", with: { depths: { dense: 1 } } }], rule: "adam", learningRate: 1 };
    await expect(createRegistry([corePlugins, plugins]).resolve(recipe)).rejects.toThrow(/a constant factor cancels/);
    tf.dispose(grads);
  });
});

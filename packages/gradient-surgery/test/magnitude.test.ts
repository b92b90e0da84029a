import "@tensorflow/tfjs-backend-cpu";
import {
  adam,
  plugins as corePlugins,
  gradientDescent,
  HookedOptimizer,
  namedParams,
  type OptimizerHook,
  OptionsError,
  type Param,
  type ParamInfo,
  SelectionError,
  type StateTree,
  type StepContext,
  sgd,
  type TensorMap,
} from "@graftjs/core";
import { createRegistry } from "@graftjs/registry";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  agc,
  centralize,
  childTuning,
  clipByGlobalNorm,
  clipByValue,
  gradualUnfreeze,
  layerDecay,
  layerDecayRates,
  layerDepths,
  layerScale,
  plugins,
  skipLargeUpdate,
  type ZclipState,
  zclip,
} from "../src/index.ts";
import { mulberry } from "./jacobians.ts";

let start = 0;
beforeEach(async () => {
  await tf.setBackend("cpu");
  start = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(start));

const filled = (shape: number[], seed: number): tf.Tensor =>
  tf.tensor(Array.from({ length: shape.reduce((a, b) => a * b, 1) }, mulberry(seed)), shape);
const info = (name: string, shape: number[], unitAxes: number[]): ParamInfo => ({
  name,
  layer: name.split("/")[0] as string,
  role: name.split("/")[1] as string,
  shape,
  unitAxes,
});
const layouts = [
  info("dense/kernel", [4, 3], [1]),
  info("conv/kernel", [3, 3, 2, 5], [3]),
  info("depthwise/depthwise_kernel", [3, 3, 4, 2], [2, 3]),
  info("dense/bias", [3], [0]),
];
/** One transform in a tidy; `look` reads what it needs. */
function once<S extends StateTree, R>(
  hook: OptimizerHook<S>,
  grads: TensorMap,
  look: (out: TensorMap, state: S) => R,
  {
    params = grads,
    infos = layouts,
    step = 0,
    state,
  }: { params?: TensorMap; infos?: readonly ParamInfo[]; step?: number; state?: S } = {},
): R {
  let result!: R;
  const ctx: StepContext = { step, learningRate: 1, rates: {}, params, infos };
  tf.tidy(() => {
    const out = hook.transform(grads, state ?? hook.init(params, infos), ctx);
    result = look(out.grads, out.state);
  });
  return result;
}
const values = (map: TensorMap, name: string): number[] => [...(map[name] as tf.Tensor).dataSync()];

describe("agc", () => {
  it("leaves no unit's gradient longer than λ·max(‖w‖, ε), in every layout", () => {
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
  it("moves a unit that starts at 0: a head of zeros learns", () => {
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

it("centralize: each unit's mean is 0 in every layout, and a vector passes as it is", () => {
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

it("clip by value changes the direction, clip by global norm does not", () => {
  const grads = { "dense/bias": tf.tensor1d([3, 4, 0]) };
  expect(once(clipByValue({ value: 3.5 }), grads, (out) => values(out, "dense/bias"))).toEqual([3, 3.5, 0]);
  const clipped = once(clipByGlobalNorm({ norm: 1 }), grads, (out) => values(out, "dense/bias"));
  expect(clipped.map((v) => Number(v.toFixed(6)))).toEqual([0.6, 0.8, 0]);
  tf.dispose(grads);
});

describe("clip-by-global-norm", () => {
  it.each([
    [1, [0.6, 0.8]],
    [0.1, [0.3, 0.4]],
    [1e20, [0.6, 0.8]],
    [1e-20, [3e-20, 4e-20]],
    [0, [0, 0]],
  ])("gradients of size %d", (scale, expected) => {
    const grads = { a: tf.tensor1d([3 * scale]), b: tf.tensor1d([4 * scale]) };
    const out = once(clipByGlobalNorm({ norm: 1 }), grads, (map) => [...values(map, "a"), ...values(map, "b")]);
    for (const [i, v] of out.entries()) {
      expect(Math.abs(v - (expected[i] as number))).toBeLessThanOrEqual(2e-7 * (expected[i] as number));
    }
    tf.dispose(grads);
  });
});

it("layer-scale multiplies where several selectors match, follows a schedule, and passes the rest as it is", () => {
  const grads = { "dense/kernel": tf.ones([4, 3]), "dense/bias": tf.ones([3]), "conv/kernel": tf.ones([3, 3, 2, 5]) };
  const infos = layouts.filter(({ name }) => name in grads);
  const hook = layerScale({
    scales: [
      { on: "dense/**", by: 0.5 },
      { on: "bias", by: (step) => step },
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
        { on: "all", by: -1 },
        { on: "all", by: -2 },
      ],
    }),
  ).toThrow(/scales.0.by is -1, scales.1.by is -2/);
  expect(() => once(layerScale({ scales: [{ on: "dens/**", by: 1 }] }), grads, () => 0, { infos })).toThrow(
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
  it("takes depth from the graph, not from names: branches, normalization, a nested model", () => {
    const model = branching();
    const { in: input, z_stem, a_norm, left, right_1, right_2, sum, b_head } = layerDepths(model);
    expect([input, z_stem, a_norm, left, right_1, right_2, sum, b_head]).toEqual([0, 1, 1, 2, 2, 3, 3, 4]);
    const outer = tfl.sequential({ layers: [model, dense("new_head")] });
    const depths = layerDepths(outer);
    expect([depths[`${model.name}/z_stem`], depths[`${model.name}/b_head`], depths.new_head]).toEqual([1, 4, 5]);
    for (const { layer } of namedParams(outer)) expect(depths[layer]).toBeTypeOf("number");
    outer.dispose();
  });
  it("scales by decay^(L − l), in levels on request, and as rates for Adam alike", () => {
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
    const params = infos.map((one) => ({ ...one, variable: tf.tidy(() => tf.variable(tf.zeros([2]))) }));
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
  it("names the layers it knows no depth of, and refuses Adam in a recipe with the reason", async () => {
    const grads = { "dense/kernel": tf.ones([4, 3]) };
    expect(() => once(layerDecay({ depths: { conv: 1 } }), grads, () => 0, { infos: layouts.slice(0, 1) })).toThrow(
      /no depth of `dense`/,
    );
    expect(() => layerDecay({ depths: {}, decay: 0 })).toThrow(OptionsError);
    const recipe = { hooks: [{ use: "layer-decay", with: { depths: { dense: 1 } } }], rule: "adam", learningRate: 1 };
    await expect(createRegistry([corePlugins, plugins]).resolve(recipe)).rejects.toThrow(
      /divides every constant factor/,
    );
    tf.dispose(grads);
  });
});

describe("gradual-unfreeze", () => {
  it("trains group after group, keeps slots, moves nothing that waits, and depends on the epoch alone", () => {
    const infos = ["body", "neck", "head"].map((layer) => info(`${layer}/kernel`, [2], [0]));
    const params = infos.map((one) => ({ ...one, variable: tf.tidy(() => tf.variable(tf.ones([2]))) }));
    const optimizer = new HookedOptimizer({ params, rule: sgd({ momentum: 0.9 }), learningRate: 0.1 });
    const schedule = gradualUnfreeze(optimizer, { groups: ["head/**", "neck/**", "body/**"], every: 2 });
    const active = (): string[] => optimizer.active.map(({ layer }) => layer);
    const seen = [0, 1, 2, 4, 9].map((epoch) => {
      schedule.atEpoch(epoch);
      return active().join();
    });
    expect(seen).toEqual(["head", "head", "neck,head", "body,neck,head", "body,neck,head"]);
    schedule.runStart?.({ params: infos, epochs: 9, stepsPerEpoch: 10, batchSize: 1, step: 25 });
    expect(active()).toEqual(["neck", "head"]);
    const grads = Object.fromEntries(infos.map(({ name }) => [name, tf.ones([2])]));
    optimizer.applyNamed(grads);
    const velocity = (): unknown =>
      (optimizer.state as unknown as { rule: { velocity: TensorMap } }).rule.velocity["neck/kernel"]?.dataSync()[0];
    schedule.atEpoch(0);
    optimizer.applyNamed(grads);
    expect(velocity()).toBe(1);
    expect(params.map(({ variable }) => Number((variable.dataSync()[0] as number).toFixed(3)))).toEqual([1, 0.9, 0.71]);
    expect(() => gradualUnfreeze(optimizer, { groups: ["hed/**"] })).toThrow(/Did you mean `head`/);
    optimizer.dispose();
    tf.dispose([...Object.values(grads), ...params.map(({ variable }) => variable)]);
  });
});

it("zclip: clips a spike hard, never in the warm-up, and a NaN leaves its statistics as they are", () => {
  const params: Param[] = [{ ...info("a/kernel", [1], [0]), variable: tf.tidy(() => tf.variable(tf.zeros([1]))) }];
  const optimizer = new HookedOptimizer({
    params,
    hooks: [zclip({ warmupSteps: 5 })],
    rule: gradientDescent(),
    learningRate: 1,
  });
  const move = (g: number): number => {
    const before = params[0]?.variable.dataSync()[0] as number;
    const grad = tf.tensor1d([g]);
    optimizer.applyNamed({ "a/kernel": grad });
    grad.dispose();
    return before - (params[0]?.variable.dataSync()[0] as number);
  };
  for (const g of [1, 1.1, 0.9, 4, 1]) expect(Math.abs(move(g) - g)).toBeLessThan(1e-4);
  for (let i = 0; i < 200; i++) move(1 + 0.1 * Math.sin(i));
  const stats = (): number[] => {
    const { mean, deviation } = (optimizer.state as unknown as { hooks: { zclip: ZclipState } }).hooks.zclip;
    return [mean.dataSync()[0] as number, deviation.dataSync()[0] as number];
  };
  const before = stats();
  const moved = move(100);
  expect(moved).toBeLessThan(1.01);
  expect(moved).toBeGreaterThan(0.9);
  expect(stats()[0]).toBeCloseTo(before[0] as number, 1);
  const settled = stats();
  move(Number.NaN);
  expect(stats()).toEqual(settled);
  optimizer.dispose();
  tf.dispose(params.map(({ variable }) => variable));
});

it("skip-large-update: a step that is too large or not finite moves no weight and no momentum, and is counted", () => {
  const params: Param[] = [{ ...info("a/kernel", [2], [0]), variable: tf.tidy(() => tf.variable(tf.zeros([2]))) }];
  const hooks = [skipLargeUpdate({ norm: 5 })];
  const optimizer = new HookedOptimizer({ params, hooks, rule: sgd({ momentum: 0.5 }), learningRate: 1 });
  const after = (a: number, b: number): number[] => {
    const grad = tf.tensor1d([a, b]);
    optimizer.applyNamed({ "a/kernel": grad });
    grad.dispose();
    const { hooks, rule } = optimizer.state as unknown as {
      hooks: { "skip-large-update": { skipped: tf.Tensor } };
      rule: { velocity: TensorMap };
    };
    const velocity = [...(rule.velocity["a/kernel"] as tf.Tensor).dataSync()];
    return [...(params[0] as Param).variable.dataSync(), ...velocity, ...hooks["skip-large-update"].skipped.dataSync()];
  };
  expect(after(3, 4)).toEqual([-3, -4, 3, 4, 0]);
  expect(after(3.1, 4)).toEqual([-3, -4, 3, 4, 1]);
  expect(after(Number.NaN, 1)).toEqual([-3, -4, 3, 4, 2]);
  expect(after(1, Infinity)).toEqual([-3, -4, 3, 4, 3]);
  expect(after(0, 0)).toEqual([-4.5, -6, 1.5, 2, 3]);
  optimizer.dispose();
  tf.dispose(params.map(({ variable }) => variable));
});

describe("child-tuning", () => {
  it("F: keeps about `keep` of the elements, divided by `keep`, others every step, the same for the same seed", () => {
    const grads = { "conv/kernel": tf.ones([100, 100]) };
    const draw = (step: number, seed = 1): number[] =>
      once(childTuning({ keep: 0.3, seed }), grads, (out) => values(out, "conv/kernel"), { step });
    const out = draw(0);
    expect(new Set(out)).toEqual(new Set([0, Math.fround(1 / 0.3)]));
    expect(Math.abs(out.reduce((a, b) => a + b, 0) / 10_000 - 1)).toBeLessThan(0.05);
    expect(draw(0)).toEqual(out);
    expect(draw(1)).not.toEqual(out);
    expect(draw(0, 2)).not.toEqual(out);
    tf.dispose(grads);
  });
  it("D: trains the elements of the largest Fisher values over all parameters, and passes those without", () => {
    const grads = { "a/kernel": tf.fill([4], 2), "b/kernel": tf.fill([4], 2), "new/kernel": tf.fill([2], 2) };
    const fisher = { "a/kernel": Float32Array.of(9, 1, 8, 2), "b/kernel": Float32Array.of(3, 4, 7, 0) };
    const hook = childTuning({ keep: 3 / 8, fisher });
    const out = once(hook, grads, (map) => Object.keys(grads).map((name) => values(map, name)));
    expect(out).toEqual([
      [2, 0, 2, 0],
      [0, 0, 2, 0],
      [2, 2],
    ]);
    tf.dispose(grads);
  });
});

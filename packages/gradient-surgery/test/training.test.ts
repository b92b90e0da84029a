import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import {
  type AnyCombiner,
  gradientDescent,
  HookedOptimizer,
  NonFiniteError,
  type Param,
  RecipeError,
  type TaskLosses,
  taskTrainer,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  aGem,
  alignedMtl,
  cagrad,
  conFig,
  conflictReport,
  dualProj,
  formatConflicts,
  type GradientConflicts,
  gem,
  graddrop,
  gradvac,
  imtlG,
  meanGradient,
  mgda,
  nashMtl,
  pcgrad,
  upgrad,
  watchConflicts,
} from "../src/index.ts";
import { gramOf, jacobian, merged, off } from "./jacobians.ts";

let start = 0;
beforeEach(async () => {
  await tf.setBackend("cpu");
  start = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(start));

const all: { readonly [name: string]: () => AnyCombiner } = {
  aGem,
  alignedMtl,
  cagrad,
  "con-fig": conFig,
  dualProj,
  gem,
  graddrop,
  gradvac,
  imtlG,
  mean: meanGradient,
  mgda,
  nashMtl,
  pcgrad,
  upgrad,
};

function param(name: string, values: readonly number[], shape: readonly number[] = [values.length]): Param {
  const [layer, role] = name.split("/") as [string, string];
  const variable = tf.tidy(() => tf.variable(tf.tensor([...values], [...shape])));
  return { name, layer, role, shape, unitAxes: [shape.length - 1], variable };
}
/** Makes losses whose gradients are the rows, split over the parameters. */
function linear(params: readonly Param[], rows: readonly (readonly number[])[]): TaskLosses {
  const parts = (row: readonly number[]): tf.Tensor[] => {
    let start = 0;
    return params.map(({ variable }) => {
      const part = row.slice(start, start + variable.size);
      start += variable.size;
      return tf.sum(tf.mul(variable, tf.tensor(part, variable.shape)));
    });
  };
  return Object.fromEntries(rows.map((row, i) => [`t${i}`, () => tf.addN(parts(row)) as tf.Scalar]));
}
/** Takes one step of gradient descent at rate 1. Returns the decrease of each weight. */
async function step(combiner: AnyCombiner, params: readonly Param[], losses: TaskLosses): Promise<number[]> {
  const optimizer = new HookedOptimizer({ params, rule: gradientDescent(), learningRate: 1 });
  const trainer = taskTrainer({ optimizer, combiner });
  const before = params.flatMap(({ variable }) => [...variable.dataSync()]);
  try {
    tf.dispose((await trainer.step(losses)) as tf.NamedTensorMap);
  } finally {
    trainer.dispose();
    optimizer.dispose();
  }
  return params.flatMap(({ variable }) => [...variable.dataSync()]).map((v, i) => (before[i] as number) - v);
}
const free = (params: readonly Param[]): void => tf.dispose(params.map(({ variable }) => variable));

describe("the update in float32 equals that of float64 weights, at 1e-10, 1 and 1e10", () => {
  const weighing = Object.entries(all).filter(([name]) => name !== "graddrop");
  it.each(weighing)("%s", async (_, make) => {
    for (const kind of ["plain", "conflicting", "aligned", "twins", "zero row"]) {
      for (const scale of [1e-10, 1, 1e10]) {
        const rows = jacobian(kind, 17, 4, 60, Array<number>(4).fill(scale));
        const params = [
          param("a/kernel", Array<number>(40).fill(0), [8, 5]),
          param("b/bias", Array<number>(20).fill(0)),
        ];
        const got = await step(make(), params, linear(params, rows));
        const rounded = rows.map((row) => row.map(Math.fround));
        const combiner = make() as ReturnType<typeof meanGradient>;
        const tasks = rows.map((__, i) => `t${i}`);
        const { weights } = combiner.weigh(gramOf(rounded), tasks, combiner.init(tasks), { step: 0, group: "" });
        expect(off(got, merged(rounded, weights))).toBeLessThan(1e-5);
        free(params);
      }
    }
  });
});

it.each(Object.entries(all))("%s: 100 steps leave no tensor", async (_, make) => {
  const params = [param("a/kernel", [2, -1, 3, 1], [2, 2]), param("b/bias", [1])];
  const optimizer = new HookedOptimizer({ params, rule: gradientDescent(), learningRate: 0.01 });
  const trainer = taskTrainer({ optimizer, combiner: make() });
  const losses = linear(params, jacobian("conflicting", 5, 3, 5, [1, 1, 1]));
  tf.dispose((await trainer.step(losses)) as tf.NamedTensorMap);
  const before = tf.memory().numTensors;
  for (let i = 0; i < 100; i++) tf.dispose((await trainer.step(losses)) as tf.NamedTensorMap);
  expect(tf.memory().numTensors).toBe(before);
  trainer.dispose();
  optimizer.dispose();
  free(params);
});

it("per layer and per tensor, only the group with the conflict changes", async () => {
  const rows = [
    [1, 0, 1, 2],
    [-1, 0.5, 1, 2],
  ];
  const run = async (granularity: "whole" | "layer" | "tensor"): Promise<number[]> => {
    const params = [param("a/kernel", [0, 0]), param("b/kernel", [0]), param("b/bias", [0])];
    const out = await step(pcgrad({ granularity }), params, linear(params, rows));
    free(params);
    return out.map((v) => Number(v.toFixed(5)));
  };
  expect(await run("whole")).toEqual([0, 0.5, 2, 4]);
  expect(await run("layer")).toEqual([0.2, 0.9, 2, 4]);
  expect(await run("tensor")).toEqual([0.2, 0.9, 2, 4]);
});

it("gradvac has separate targets for each layer", async () => {
  const params = [param("a/kernel", [0, 0]), param("b/kernel", [0, 0])];
  const optimizer = new HookedOptimizer({ params, rule: gradientDescent(), learningRate: 1 });
  const trainer = taskTrainer({ optimizer, combiner: gradvac({ granularity: "layer" }) });
  const losses = linear(params, [
    [1, 0, 1, 1],
    [1, 1, -1, 0],
  ]);
  tf.dispose((await trainer.step(losses)) as tf.NamedTensorMap);
  const state = trainer.state as { readonly [layer: string]: { readonly t0: { readonly t1: number } } };
  expect(Object.keys(state)).toEqual(["a", "b"]);
  expect(state.a?.t0.t1).toBeCloseTo(0.5 * Math.SQRT1_2, 5);
  expect(state.b?.t0.t1).toBeCloseTo(-0.5 * Math.SQRT1_2, 5);
  trainer.dispose();
  optimizer.dispose();
  free(params);
});

describe("graddrop", () => {
  it("keeps one sign of each element: the positive one with probability ½(1 + Σg/Σ|g|)", async () => {
    const n = 4000;
    const rows = [Array<number>(n).fill(3), Array<number>(n).fill(-1)];
    const params = [param("a/kernel", Array<number>(n).fill(0))];
    const out = await step(graddrop(), params, linear(params, rows));
    expect(new Set(out)).toEqual(new Set([3, -1]));
    expect(out.filter((v) => v === 3).length / n).toBeCloseTo(0.75, 1);
    free(params);
  });
  it("sums tasks that agree, gives the sum with a leak of 1, and refuses a leak for an unknown task", async () => {
    const params = [param("a/kernel", [0, 0])];
    const agree = linear(params, [
      [1, -2],
      [3, -4],
    ]);
    expect(await step(graddrop(), params, agree)).toEqual([4, -6]);
    const oppose = linear(params, [
      [1, -2],
      [-3, 4],
    ]);
    expect(await step(graddrop({ leak: { t0: 1, t1: 1 } }), params, oppose)).toEqual([-2, 2]);
    await expect(step(graddrop({ leak: { t2: 1 } }), params, agree)).rejects.toThrow(/unknown task\(s\) `t2`/);
    free(params);
  });
});

it("a-gem does not raise the loss on the memory, the mean does", async () => {
  const run = async (combiner: AnyCombiner): Promise<number> => {
    const w = param("a/kernel", [0, 0, 0]);
    const toward = (target: number[]) => (): tf.Scalar => tf.sum(tf.square(tf.sub(w.variable, target))) as tf.Scalar;
    const optimizer = new HookedOptimizer({ params: [w], rule: gradientDescent(), learningRate: 0.005 });
    const trainer = taskTrainer({ optimizer, combiner });
    for (let i = 0; i < 400; i++) {
      tf.dispose((await trainer.step({ fresh: toward([4, 1, 0]), memory: toward([-0.2, 1, 1]) })) as tf.NamedTensorMap);
    }
    const loss = tf.tidy(() => toward([-0.2, 1, 1])().dataSync()[0] as number);
    free([w]);
    return loss;
  };
  const before = 0.04 + 1 + 1;
  // The loss does not rise to first order. The rest is of the order of the rate.
  expect(await run(aGem({ memory: "memory" }))).toBeLessThanOrEqual(1.05 * before);
  expect(await run(meanGradient())).toBeGreaterThan(1.5 * before);
});

describe("bad input at a step does not change the weights", () => {
  it("a single task, a NaN in a gradient, a memory without a loss", async () => {
    const params = [param("a/kernel", [1, 2])];
    const [one, two] = Object.values(
      linear(params, [
        [1, 2],
        [3, 4],
      ]),
    ) as [() => tf.Scalar, () => tf.Scalar];
    const nan = Object.values(linear(params, [[1, Number.NaN]]))[0] as () => tf.Scalar;
    for (const make of Object.values(all)) {
      await expect(step(make(), params, { all: one })).rejects.toThrow(/A sum of losses has only one gradient/);
      await expect(step(make(), params, { fine: one, bad: nan })).rejects.toThrow(NonFiniteError);
      await expect(step(make(), params, { fine: one, bad: nan })).rejects.toThrow("`bad`");
    }
    await expect(step(aGem({ memory: "old" }), params, { one, two })).rejects.toThrow(RecipeError);
    expect([...(params[0] as Param).variable.dataSync()]).toEqual([1, 2]);
    free(params);
  });
  it("a combiner as the rule or among the hooks of an optimizer, with a reason", () => {
    const params = [param("a/kernel", [1, 2])];
    for (const make of [pcgrad, graddrop]) {
      const hooks = [make() as never];
      expect(() => new HookedOptimizer({ params, hooks, rule: gradientDescent(), learningRate: 1 })).toThrow(
        /hooks see only one gradient/,
      );
      expect(() => new HookedOptimizer({ params, rule: make() as never, learningRate: 1 })).toThrow(RecipeError);
    }
    free(params);
  });
});

it("tasks with separate heads: each head gets the gradient of its task, and only the trunk is combined", async () => {
  const params = [param("trunk/kernel", [0, 0]), param("left/kernel", [0]), param("right/kernel", [0])];
  const [trunk, left, right] = params.map(({ variable }) => variable) as [tf.Variable, tf.Variable, tf.Variable];
  const dot = (v: tf.Variable, factors: number[]): tf.Tensor => tf.sum(tf.mul(v, factors));
  const out = await step(pcgrad({ reduction: "mean" }), params, {
    left: () => tf.add(dot(trunk, [1, 0]), dot(left, [7])) as tf.Scalar,
    right: () => tf.add(dot(trunk, [-1, 1]), dot(right, [9])) as tf.Scalar,
  });
  expect(out.map((v) => Number(v.toFixed(6)))).toEqual([0.25, 0.75, 7, 9]);
  free(params);
});

describe("conflict report", () => {
  it("has cosines and norms, for all parameters and by layer, and changes nothing", async () => {
    const params = [param("a/kernel", [5, 5]), param("b/kernel", [5])];
    const losses = linear(params, [
      [3, 0, 4],
      [-1, 0, 0],
      [0, 0, 0],
    ]);
    const { "": whole } = await conflictReport({ params, losses });
    expect(whole?.tasks).toEqual(["t0", "t1", "t2"]);
    expect(whole?.norms.map((v) => Number(v.toFixed(5)))).toEqual([5, 1, 0]);
    expect(whole?.cosines.flat().map((v) => Number(v.toFixed(5)) + 0)).toEqual([1, -0.6, 0, -0.6, 1, 0, 0, 0, 0]);
    const layers = await conflictReport({ params, losses, granularity: "layer" });
    expect(Object.keys(layers)).toEqual(["a", "b"]);
    expect(layers.a?.cosines[0]?.[1]).toBeCloseTo(-1, 6);
    expect(layers.b?.cosines[0]?.[1]).toBe(0);
    expect(params.flatMap(({ variable }) => [...variable.dataSync()])).toEqual([5, 5, 5]);
    expect(formatConflicts(whole as GradientConflicts).split("\n")[1]).toBe("t0        1.00   -0.60    0.00");
    free(params);
  });
  it("comes with every step, from the Gramian of the combiner", async () => {
    const params = [param("a/kernel", [0, 0])];
    const watchedSteps: (readonly [number, number])[] = [];
    const watched = watchConflicts(
      upgrad(),
      ({ cosines }, at) => void watchedSteps.push([at.step, cosines[0]?.[1] as number]),
    );
    const losses = linear(params, [
      [1, 0],
      [-1, 0],
    ]);
    await step(watched, params, losses);
    expect(watchedSteps).toEqual([[0, -1]]);
    free(params);
  });
});

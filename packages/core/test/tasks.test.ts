import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  type AnyCombiner,
  gradientDescent,
  gramians,
  HookedOptimizer,
  NonFiniteError,
  type Param,
  RecipeError,
  SelectionError,
  taskTrainer,
} from "../src/index.ts";

let start = 0;
beforeEach(async () => {
  await tf.setBackend("cpu");
  start = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(start));

const param = (name: string, values: number[]): Param => ({
  name,
  layer: name.split("/")[0] as string,
  role: name.split("/")[1] as string,
  shape: [values.length],
  unitAxes: [0],
  variable: tf.tidy(() => tf.variable(tf.tensor1d(values))),
});
const sum = (seen: Float64Array[] = []): AnyCombiner => ({
  name: "sum",
  init: () => null,
  weigh: (gram, tasks, state) => {
    seen.push(gram);
    return { weights: Float64Array.from(tasks, () => 1), state };
  },
});
const dot = (p: Param, values: number[]) => (): tf.Scalar => tf.sum(tf.mul(p.variable, tf.tensor1d(values)));
const plus =
  (...losses: (() => tf.Scalar)[]) =>
  (): tf.Scalar =>
    tf.addN(losses.map((loss) => loss()));
const free = (params: readonly Param[]): void => {
  for (const { variable } of params) variable.dispose();
};

it("has the same relative accuracy for gradients of 1e-18 and 1e18, whose squares float32 cannot hold", async () => {
  const rows = [
    [1, 2, -3, 0.5],
    [-2, 1, 4, 0.25],
    [0, 0, 0, 0],
  ];
  for (const scales of [
    [1, 1, 1],
    [1e-18, 1e18, 1],
    [1e10, 1e-10, 1e-10],
  ]) {
    const scaled = rows.map((row, i) => row.map((v) => v * (scales[i] as number)));
    const byTask = Object.fromEntries(
      scaled.map((row, i) => [`t${i}`, { a: tf.tensor1d(row.slice(0, 2)), b: tf.tensor2d([row.slice(2)]) }]),
    );
    const gram = (await gramians(byTask, new Map([["", ["a", "b"]]]))).get("") as Float64Array;
    tf.dispose(byTask as unknown as tf.NamedTensorMap);
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        const [a, b] = [scaled[i] as number[], scaled[j] as number[]];
        const expected = a.reduce((s, v, k) => s + v * (b[k] as number), 0);
        const size = Math.hypot(...a) * Math.hypot(...b);
        expect(Math.abs((gram[i * 3 + j] as number) - expected)).toBeLessThanOrEqual(3e-7 * size);
      }
    }
  }
});

it("keeps a parameter that one task alone reaches out of the Gramian, and gives it that task's gradient", async () => {
  const [trunk, headA, headB] = [param("trunk/w", [0, 0]), param("a/w", [0]), param("b/w", [0])] as const;
  const params = [trunk, headA, headB];
  const optimizer = new HookedOptimizer({ params, rule: gradientDescent(), learningRate: 1 });
  const seen: Float64Array[] = [];
  const trainer = taskTrainer({ optimizer, combiner: sum(seen) });
  const losses = await trainer.step({
    a: plus(dot(trunk, [1, 2]), dot(headA, [100])),
    b: plus(dot(trunk, [3, -1]), dot(headB, [200])),
  });
  tf.dispose(losses as tf.NamedTensorMap);
  expect([...(seen[0] as Float64Array)].map((v) => Number(v.toPrecision(6)))).toEqual([5, 1, 1, 10]);
  expect([...trunk.variable.dataSync()]).toEqual([-4, -1]);
  expect([...headA.variable.dataSync(), ...headB.variable.dataSync()]).toEqual([-100, -200]);
  trainer.dispose();
  free(params);
});

it("names the task whose gradient is not finite, in a shared parameter or in its own head; weights stay", async () => {
  const [trunk, head] = [param("trunk/w", [1, 1]), param("a/w", [1])] as const;
  const params = [trunk, head];
  const optimizer = new HookedOptimizer({ params, rule: gradientDescent(), learningRate: 1 });
  const elementwise: AnyCombiner = {
    name: "first",
    init: () => null,
    combine: (byTask, state) => ({ grads: byTask.a as never, state }),
  };
  for (const combiner of [sum(), elementwise]) {
    const trainer = taskTrainer({ optimizer, combiner });
    const ok = dot(trunk, [1, 2]);
    const broken = { a: plus(ok, dot(head, [Number.NaN])), b: ok };
    await expect(trainer.step(broken)).rejects.toThrow(NonFiniteError);
    await expect(trainer.step(broken)).rejects.toThrow("task `a`");
    await expect(trainer.step({ a: plus(ok, dot(head, [1])), b: dot(trunk, [1, Infinity]) })).rejects.toThrow(
      "task `b`",
    );
    expect(trainer.state).toBe(null);
  }
  expect([...trunk.variable.dataSync(), ...head.variable.dataSync()]).toEqual([1, 1, 1]);
  expect(optimizer.step).toBe(0);
  free(params);
});

it("refuses one loss, a parameter that no task reaches, two steps at once, and a loss that throws, leaving nothing", async () => {
  const [trunk, stray] = [param("trunk/w", [1, 1]), param("stray/w", [1])] as const;
  const params = [trunk, stray];
  const optimizer = new HookedOptimizer({ params, rule: gradientDescent(), learningRate: 1 });
  const trainer = taskTrainer({ optimizer, combiner: sum() });
  const ok = dot(trunk, [1, 2]);
  await expect(trainer.step({ all: plus(ok, ok) })).rejects.toThrow(/sum of losses has only one gradient/);
  await expect(trainer.step({ a: ok, b: ok })).rejects.toThrow(SelectionError);
  await expect(trainer.step({ a: ok, b: ok })).rejects.toThrow("`stray/w`");
  const failing = (): tf.Scalar => {
    throw new Error("no data");
  };
  await expect(trainer.step({ a: ok, b: failing })).rejects.toThrow("no data");
  optimizer.freeze("stray/**");
  const first = trainer.step({ a: ok, b: ok });
  await expect(trainer.step({ a: ok, b: ok })).rejects.toThrow(RecipeError);
  tf.dispose((await first) as tf.NamedTensorMap);
  expect([...trunk.variable.dataSync()]).toEqual([-1, -3]);
  free(params);
});

it("moves statistics by the first task's pass alone", async () => {
  const trunk = param("trunk/w", [1, 1]);
  const mean = tf.tidy(() => tf.variable(tf.scalar(0), false));
  const pass = (to: number) => (): tf.Scalar => {
    mean.assign(tf.scalar(to));
    return dot(trunk, [1, 1])();
  };
  const optimizer = new HookedOptimizer({ params: [trunk], rule: gradientDescent(), learningRate: 1 });
  const trainer = taskTrainer({ optimizer, combiner: sum(), statistics: [mean] });
  tf.dispose((await trainer.step({ a: pass(5), b: pass(7) })) as tf.NamedTensorMap);
  expect(mean.dataSync()[0]).toBe(5);
  free([trunk]);
  mean.dispose();
});

it("never holds more than one gradient set a task, and none after the step", async () => {
  const n = 100_000;
  const params = ["x/w", "y/w", "z/w", "u/w"].map((name) => param(name, Array<number>(n).fill(1)));
  const optimizer = new HookedOptimizer({ params, rule: gradientDescent(), learningRate: 0.1 });
  const set = params.length * n * 4;
  let peak = 0;
  const spy: AnyCombiner = {
    name: "spy",
    init: () => null,
    weigh: (_, tasks, state) => {
      peak = Math.max(peak, tf.memory().numBytes);
      return { weights: Float64Array.from(tasks, () => 1), state };
    },
  };
  const before = tf.memory().numBytes;
  const loss = (): tf.Scalar => tf.addN(params.map(({ variable }) => tf.sum(variable) as tf.Scalar));
  tf.dispose(
    (await taskTrainer({ optimizer, combiner: spy }).step({ a: loss, b: loss, c: loss })) as tf.NamedTensorMap,
  );
  expect(peak - before).toBeLessThanOrEqual(3 * set + 1000);
  expect(tf.memory().numBytes).toBe(before);
  free(params);
});

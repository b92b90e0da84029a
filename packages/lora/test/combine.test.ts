import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, expect, it } from "vitest";
import { mergedValues } from "../src/adapter/task-values.ts";
import { type AdapterHandle, combine, type CombineOptions, lora } from "../src/index.ts";

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend("cpu");
});

type Values = Readonly<Record<string, number[][]>>;

/** Merges of HF PEFT. See oracle/merge_cases.py. */
interface MergeCase {
  readonly density: number;
  readonly majoritySign: "total" | "frequency";
  readonly merged: Values;
  readonly masks: readonly number[][][];
}

const oracle = JSON.parse(readFileSync(new URL("oracle/merge_cases.json", import.meta.url), "utf8")) as {
  weights: number[];
  adapters: Values[];
  cases: Record<string, MergeCase>;
};

/** Makes the model of the oracle with its three adapters. */
function setUp(patch = (target: string[]) => lora({ target, rank: 4, alpha: 6, scaling: "standard" })) {
  const model = tfl.sequential({
    layers: [
      tfl.layers.dense({ units: 8, activation: "tanh", inputShape: [6], name: "first" }),
      tfl.layers.dense({ units: 3, name: "second" }),
    ],
  });
  const adapters = oracle.adapters.map((values, i) => {
    const names = ["first", "second"].filter((layer) => `${layer}/lora_A` in values);
    const adapter = patch(names.map((layer) => `${layer}/kernel`)).apply(model);
    for (const { name, variable } of adapter.added) {
      const stored = values[name.replace("lora_a", "lora_A").replace("lora_b", "lora_B")] as number[][];
      variable.assign(tf.transpose(tf.tensor2d(stored)));
    }
    return { adapter, weight: oracle.weights[i] as number };
  });
  return { model, adapters };
}

const valuesOf = (handle: AdapterHandle): Values =>
  Object.fromEntries(
    handle.added.map(({ name, variable }) => [
      name.replace("lora_a", "lora_A").replace("lora_b", "lora_B"),
      (tf.transpose(variable) as tf.Tensor2D).arraySync(),
    ]),
  );
const near = (values: Values) =>
  Object.fromEntries(
    Object.entries(values).map(([key, rows]) => [key, rows.map((row) => row.map((v) => expect.closeTo(v, 6)))]),
  );

it.each(Object.keys(oracle.cases).filter((name) => name.startsWith("ties")))("merges by %s as HF PEFT does", (name) => {
  const { model, adapters } = setUp();
  const { density, majoritySign, merged } = oracle.cases[name] as MergeCase;
  const made = combine(adapters, { method: "ties", density, majoritySign }).apply(model);
  expect(valuesOf(made)).toEqual(near(merged));
});

it.each(Object.keys(oracle.cases).filter((name) => name.startsWith("dare")))(
  "merges by %s as HF PEFT does, if the same values are dropped",
  (name) => {
    const { density, majoritySign, merged, masks } = oracle.cases[name] as MergeCase;
    const method = name.startsWith("dare-ties") ? "dare-ties" : "dare-linear";
    let used = 0;
    for (const [key, wanted] of Object.entries(merged)) {
      const parts = oracle.adapters.flatMap((values, i) =>
        key in values ? [{ values: Float32Array.from((values[key] as number[][]).flat()), i }] : [],
      );
      const kept = masks.slice(used, used + parts.length).flat(2);
      used += parts.length;
      const roots = parts.map(({ i }) => {
        const weight = (oracle.weights[i] as number) * 1.5;
        return Math.sqrt(Math.abs(weight)) * (key.endsWith("lora_A") ? Math.sign(weight) : 1);
      });
      const random = () => (kept.shift() === 1 ? 0 : 1);
      const values = parts.map((part) => part.values);
      const made = mergedValues(values, roots, { method, density, majoritySign }, random);
      expect([...made]).toEqual(wanted.flat().map((value) => expect.closeTo(value, 6)));
    }
    expect(used).toBe(masks.length);
  },
);

it("dare drops the share of values that the density leaves, and keeps the sum on average", () => {
  const { model, adapters } = setUp();
  const [one] = adapters as [(typeof adapters)[0]];
  const merged = (options: CombineOptions): number[] => {
    const made = combine([one, { ...one, weight: 0 }], { method: "dare-linear", ...options }).apply(model);
    const values = Object.values(valuesOf(made)).flat(2);
    made.restore();
    return values;
  };
  const whole = merged({ density: 1 });
  const runs = Array.from({ length: 200 }, (_, seed) => merged({ density: 0.4, seed }));
  const kept = runs.flat().filter((value) => value !== 0).length / runs.flat().length;
  expect(kept).toBeCloseTo(0.4, 1);
  // The deviation of a mean of 200 runs is |value|·√(0.6/0.4/200) = 0.09·|value|.
  for (const [i, value] of whole.entries()) {
    const mean = runs.reduce((sum, run) => sum + (run[i] as number), 0) / runs.length;
    expect(Math.abs(mean - value)).toBeLessThanOrEqual(0.4 * Math.abs(value));
  }
  expect(merged({ density: 0.4, seed: 3 })).toEqual(runs[3]);
});

it("refuses ranks that differ and adapters that began with pissa, and merges one adapter by its sum", () => {
  const { model, adapters } = setUp();
  const [one] = adapters as [(typeof adapters)[0]];
  const other = lora({ target: "second/kernel", rank: 2 }).apply(model);
  const pissa = lora({ target: "second/kernel", rank: 2, initialization: "pissa" }).apply(model);
  expect(() => combine([one, { adapter: other, weight: 1 }], { method: "ties" })).toThrow(
    '"ties" needs adapters of one rank; those of second/kernel have the ranks 4, 2.',
  );
  const two = [other, pissa].map((adapter) => ({ adapter, weight: 1 }));
  expect(() => combine(two, { method: "dare-ties" })).toThrow('an adapter of second/kernel began with "pissa"');
  expect(() => combine([one], { density: 0 })).toThrow("density");
  const x = tf.randomNormal([5, 6], 0, 1, "float32", 4);
  const predicted = (): Float32Array => (model.predict(x) as tf.Tensor).dataSync() as Float32Array;
  for (const { adapter } of adapters) adapter.active = false;
  other.active = false;
  const alone = predicted();
  pissa.active = false;
  combine([{ adapter: pissa, weight: 1 }], { method: "ties" }).apply(model);
  expect([...predicted()]).toEqual([...alone].map((value) => expect.closeTo(value, 5)));
});

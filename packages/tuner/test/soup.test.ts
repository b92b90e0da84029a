import "@tensorflow/tfjs-backend-cpu";
import { OptionsError, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import {
  applyDelta,
  averageDeltas,
  DeltaError,
  fineTune,
  greedySoup,
  readSafetensors,
  type StoredTensor,
  saveDelta,
  writeSafetensors,
} from "../src/index.ts";
import { mlp } from "./nets.ts";
import oracle from "./soup-oracle.json" with { type: "json" };
import { examples, weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

const f32 = (values: readonly number[], shape = [values.length]): StoredTensor => ({
  dtype: "F32",
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
});
const i32 = (value: number): StoredTensor => ({
  dtype: "I32",
  shape: [1],
  data: new Uint8Array(Int32Array.of(value).buffer),
});
const deltaOf = (tensors: Record<string, StoredTensor>, base = "one"): Uint8Array =>
  writeSafetensors(
    new Map(Object.entries(tensors)),
    new Map([
      ["format", "graft-delta-1"],
      ["base", base],
      ["replaces", "{}"],
      ["recipe", "null"],
    ]),
  );
const valuesIn = (delta: Uint8Array, name = "w"): Float32Array =>
  new Float32Array((readSafetensors(delta).tensors.get(name) as StoredTensor).data.slice().buffer);
const near = (values: Iterable<number>): unknown[] => [...values].map((value) => expect.closeTo(value, 6));

describe("soups", () => {
  const deltas = oracle.weights.map((w) => deltaOf({ w: f32(w), n: i32(3) }));
  const score = (delta: Uint8Array): number =>
    -valuesIn(delta).reduce((sum, value, i) => sum + (value - (oracle.target[i] as number)) ** 2, 0);

  it("equal numpy's: uniform, weighted and greedy", async () => {
    expect([...valuesIn(averageDeltas(deltas))]).toEqual(near(oracle.uniform));
    expect([...valuesIn(averageDeltas(deltas, oracle.shares))]).toEqual(near(oracle.weighted));
    expect(valuesIn(averageDeltas(deltas.slice(0, 1)))).toEqual(valuesIn(deltas[0] as Uint8Array));
    const soup = await greedySoup(deltas, score);
    expect(soup.members).toEqual(oracle.members);
    expect(soup.members.length).toBeLessThan(deltas.length);
    expect([...valuesIn(soup.delta)]).toEqual(near(oracle.greedy));
    expect(soup.score).toBeCloseTo(oracle.score, 5);
  });

  it("pass over scores that are NaN, and values of deltas with weight 0", async () => {
    const bad = deltaOf({ w: f32(Array.from({ length: 6 }, () => Number.NaN)), n: i32(3) });
    const soup = await greedySoup([bad, ...deltas], score);
    expect(soup.members).toEqual(oracle.members.map((member) => member + 1));
    expect([...valuesIn(averageDeltas([bad, deltas[0] as Uint8Array], [0, 5]))]).toEqual([
      ...valuesIn(deltas[0] as Uint8Array),
    ]);
  });

  it("refuse deltas that have no average, and weights that do not fit, before the first score", async () => {
    const w = f32([1, 2]);
    const refused = async (second: Uint8Array, message: RegExp): Promise<void> => {
      const pair = [deltaOf({ w, n: i32(3) }), second];
      expect(() => averageDeltas(pair)).toThrow(DeltaError);
      const scored = greedySoup(pair, () => {
        throw new Error("scored");
      });
      await expect(scored).rejects.toThrow(message);
    };
    await refused(deltaOf({ w, n: i32(3) }, "other"), /another base model/);
    await refused(deltaOf({ w }), /Only one of the deltas 0 and 1 changed `n`/);
    await refused(deltaOf({ w, n: i32(4) }), /`n` cannot be averaged/);
    await refused(deltaOf({ w: f32([1, 2], [2, 1]), n: i32(3) }), /`w` cannot be averaged/);
    for (const weights of [[1], [0, 0], [1, -1], [1, Number.NaN]]) {
      expect(() => averageDeltas(deltas.slice(0, 2), weights), `${weights}`).toThrow(OptionsError);
    }
    expect(() => averageDeltas([])).toThrow(OptionsError);
  });

  it("apply to the base, and again to the model that has them", async () => {
    const tuned = [];
    for (const seed of [0, 1]) {
      const model = mlp();
      const result = await fineTune(model, {
        ...{ data: examples([4]), loss: "categoricalCrossentropy", trainable: "head", rule: sgd() },
        ...{ learningRate: 0.1, epochs: 1, batchSize: 8, seed },
      });
      result.restore();
      tuned.push({ delta: await saveDelta(model, result, { recipe: { seed } }), weights: weightsOf(model) });
    }
    const soup = averageDeltas(tuned.map(({ delta }) => delta));
    const model = mlp();
    applyDelta(model, soup);
    applyDelta(model, soup);
    const [a, b] = tuned.map(({ weights }) => weights["head/kernel"]) as [number[], number[]];
    expect(a).not.toEqual(b);
    expect(weightsOf(model)["head/kernel"]).toEqual(near(a.map((value, i) => (value + (b[i] as number)) / 2)));
    expect(JSON.parse(readSafetensors(soup).metadata.get("recipe") as string)).toEqual({
      average: [{ seed: 0 }, { seed: 1 }],
      weights: [1, 1],
    });
  });
});

import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { childTuning } from "../../src/index.ts";
import { once, values } from "./once.ts";

let start = 0;
beforeEach(async () => {
  await tf.setBackend("cpu");
  start = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(start));

describe("child-tuning", () => {
  it("F: keeps about a share `keep` of the elements, divided by `keep`; the choice depends on seed and step", () => {
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
  it("D: trains the elements with the largest Fisher values, and keeps parameters without such values", () => {
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

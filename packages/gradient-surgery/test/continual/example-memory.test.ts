import "@tensorflow/tfjs-backend-cpu";
import { OptionsError, RecipeError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exampleMemory } from "../../src/index.ts";

let start = 0;
beforeEach(async () => {
  await tf.setBackend("cpu");
  start = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(start));

describe("the example memory", () => {
  const batch = (from: number, size: number): [tf.Tensor, tf.Tensor] => [
    tf.tensor2d(Array.from({ length: size }, (_, i) => [from + i, 0])),
    tf.tensor1d(Array.from({ length: size }, (_, i) => from + i)),
  ];
  it("keeps rows and targets together, each with equal probability", async () => {
    const counts = new Float64Array(40);
    for (let seed = 1; seed <= 200; seed++) {
      const memory = exampleMemory({ capacity: 10, seed });
      for (const from of [0, 20]) {
        const [x, y] = batch(from, 20);
        await memory.add(x, y);
        tf.dispose([x, y]);
      }
      const { xs, ys } = memory.sample(10, 0);
      const rows = xs.dataSync();
      for (const [i, label] of ys.dataSync().entries()) {
        expect(rows[2 * i]).toBe(label);
        counts[label] = (counts[label] as number) + 1;
      }
      tf.dispose([xs, ys]);
    }
    expect(counts.reduce((a, b) => a + b, 0)).toBe(2000);
    // 200 draws with probability 1/4 give 50 ± 6 per row.
    expect(Math.min(...counts)).toBeGreaterThan(25);
    expect(Math.max(...counts)).toBeLessThan(80);
  });
  it("samples by step, the same for the same step, and repeats if it has too few", async () => {
    const memory = exampleMemory({ capacity: 100 });
    const [x, y] = batch(0, 50);
    await memory.add(x, y);
    const draw = (step: number, size = 8): string =>
      tf.tidy(() => {
        const { xs, ys } = memory.sample(size, step);
        expect(xs.shape).toEqual([size, 2]);
        return String(ys.dataSync());
      });
    expect(draw(1)).toBe(draw(1));
    expect(draw(2)).not.toBe(draw(1));
    expect(new Set(draw(3, 80).split(",")).size).toBe(50);
    tf.dispose([x, y]);
  });
  it("refuses to sample if it is empty, rows that do not match, and a capacity of 0", async () => {
    const memory = exampleMemory({ capacity: 5 });
    expect(() => memory.sample(1, 0)).toThrow(/The memory is empty/);
    const [x, y] = batch(0, 3);
    const [a, b] = [tf.tidy(() => tf.slice(y, 0, 2)), tf.ones([3, 4])];
    await expect(memory.add(x, a)).rejects.toThrow(RecipeError);
    await memory.add(x, y);
    await expect(memory.add(b, y)).rejects.toThrow(RecipeError);
    expect(memory.size).toBe(3);
    expect(() => exampleMemory({ capacity: 0 })).toThrow(OptionsError);
    tf.dispose([x, y, a, b]);
  });
});

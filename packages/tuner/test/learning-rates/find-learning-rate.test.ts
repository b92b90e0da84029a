import "@tensorflow/tfjs-layers";
import { wasmBackend } from "@graftjs/backend-wasm";
import type { BackendSession } from "@graftjs/core";
import { frozenBatchNorm } from "@graftjs/frozen-bn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findLearningRate } from "../../src/index.ts";
import { estimateRates, steepest, valley } from "../../src/learning-rates/estimates.ts";
import grid from "./grid.json" with { type: "json" };
import { TASKS } from "./tasks.ts";

describe("on real nets with batch noise", () => {
  let session: BackendSession;
  beforeAll(async () => {
    session = await wasmBackend().init();
  });
  afterAll(() => session.dispose());

  it.each(TASKS)("suggests a rate within a factor 3 of the best rate of a grid: $name", async (task) => {
    const model = await task.model(1);
    const patches = task.name.includes("base") ? [frozenBatchNorm()] : [];
    const { suggestion } = await findLearningRate(model, { ...task.options(1), patches });
    model.dispose();
    const best = grid.found.find((found) => found.task === task.name)?.best as number;
    expect(Math.max(suggestion / best, best / suggestion)).toBeLessThanOrEqual(3);
  });
});

describe("estimates", () => {
  const rates = Array.from({ length: 100 }, (_, i) => 10 ** (-6 + (7 * i) / 99));

  it("ignores one noisy batch at the beginning, which the steepest difference would choose", () => {
    // Flat until 1e-3, falls until 0.1, rises after that.
    const clean = rates.map((rate) => {
      const at = Math.log10(rate);
      return at < -3 ? 2 : at < -1 ? 2 - 0.75 * (at + 3) : 0.5 + 3 * (at + 1);
    });
    const losses = clean.map((loss, i) => loss + (i === 14 ? 0.4 : 0) + 0.01 * Math.sin(37 * i));
    const { steep, valley, minimum } = estimateRates({ rates, losses }, 100);
    for (const rate of [steep, valley]) {
      expect(rate).toBeGreaterThan(1e-3);
      expect(rate).toBeLessThan(0.1);
    }
    expect(minimum).toBeGreaterThan(0.005);
    expect(minimum).toBeLessThan(0.02);
  });

  it("are those of fastai on sequences that were worked out by hand", () => {
    // Falls from index 2 to 7 (6 values). fastai: start = 7 - 6 = 1, section 2, so 1 + 2 + 1.
    expect(valley([5, 6, 7, 4, 3, 2, 1, 0, 9, 9])).toBe(4);
    // Everything falls: start = 8 - 9 = -1, section 3, so -1 + 3 + 1.
    expect(valley([9, 8, 7, 6, 5, 4, 3, 2, 1])).toBe(3);
    expect(steepest({ rates: [1, 2, 4, 8, 16, 32, 64], losses: [9, 9, 9, 8, 4, 4, 4] }, 3)).toBe(3);
    expect(estimateRates({ rates: [], losses: [] }, 100).valley).toBeNaN();
  });
});

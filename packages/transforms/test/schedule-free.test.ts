import "@tensorflow/tfjs-backend-cpu";
import { HookedOptimizer, RecipeError, sgd, type UpdateRule } from "@graftjs/core";
import { testRule } from "@graftjs/testing";
import {
  type Averaging,
  type ScheduleFreeState,
  scheduleFreeAdamw,
  scheduleFreeSgd,
  swapInAverage,
  updateIfFinite,
  updateStats,
} from "@graftjs/transforms";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import oracle from "./schedule-free-oracle.json" with { type: "json" };

beforeEach(() => tf.setBackend("cpu"));

describe("conformance", () => {
  testRule(() => scheduleFreeSgd({ weightDecay: 1e-3 }), { learningRate: 0.2 });
  testRule(() => scheduleFreeAdamw(), {
    expectedFailures: {
      "is finite for gradients of 1e20": "1e20 squared overflows float32: the second moment, in every implementation",
    },
  });
});

const optimizerOf = (rule: UpdateRule<never>, learningRate: number | ((step: number) => number)) => {
  const variable = tf.variable(tf.tensor2d(oracle.start));
  const params = [{ name: "w", layer: "w", role: "kernel" as const, shape: [2, 2], unitAxes: [1], variable }];
  return { variable, optimizer: new HookedOptimizer({ params, rule, learningRate }) };
};

const warmup = (rate: number, steps: number) => (step: number) => rate * Math.min(1, (step + 1) / steps);

const cases = [
  ["sgd", scheduleFreeSgd(), 0.3],
  ["sgd, all options", scheduleFreeSgd({ momentum: 0.5, weightDecay: 0.1, ratePower: 1 }), warmup(0.3, 3)],
  ["adamw", scheduleFreeAdamw({ weightDecay: 0 }), 0.1],
  [
    "adamw, all options",
    scheduleFreeAdamw({ beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.2, ratePower: 3 }),
    warmup(0.1, 4),
  ],
] as const;

describe("Schedule-Free equals the authors' package", () => {
  it.each(cases)("%s: trained weights and average after every step", (name, plain, rate) => {
    const wrapped = [plain, updateIfFinite(plain), updateStats(plain)] as unknown as UpdateRule<never>[];
    for (const rule of wrapped) {
      const { variable, optimizer } = optimizerOf(rule, rate);
      const near = (expected: readonly number[] | undefined): void => {
        [...variable.dataSync()].forEach((value, k) => {
          expect(value).toBeCloseTo(expected?.[k] as number, 5);
        });
      };
      for (const [i, factors] of oracle.factors.entries()) {
        const g = tf.tidy(() =>
          tf.add(tf.mul(variable, tf.tensor2d(factors, [2, 2])), tf.tensor2d(oracle.shift, [2, 2])),
        );
        optimizer.applyNamed({ w: g });
        g.dispose();
        near(oracle.runs[name].y[i]);
        const trained = variable.dataSync();
        const restore = swapInAverage(optimizer);
        near(oracle.runs[name].x[i]);
        restore();
        restore();
        expect(variable.dataSync()).toEqual(trained);
      }
      optimizer.dispose();
      variable.dispose();
    }
  });

  it("keeps the weights at a rate of 0, and averages exactly from the first step whose rate is above 0", () => {
    const { variable, optimizer } = optimizerOf(scheduleFreeSgd() as never, (step) => (step < 2 ? 0 : 0.5));
    const before = variable.dataSync().slice();
    const g = tf.ones([2, 2]);
    for (let step = 0; step < 2; step++) {
      optimizer.applyNamed({ w: g });
      swapInAverage(optimizer);
      expect(variable.dataSync()).toEqual(before);
    }
    optimizer.applyNamed({ w: g });
    swapInAverage(optimizer);
    // The first step that counts has c = 1, so x = z = w − γ·g.
    [...variable.dataSync()].forEach((value, k) => {
      expect(value).toBeCloseTo((before[k] as number) - 0.5, 6);
    });
  });

  it("refuses options out of range, and an average that does not exist", () => {
    expect(() => scheduleFreeSgd({ momentum: 0 })).toThrow(/momentum/);
    expect(() => scheduleFreeAdamw({ beta1: 1 })).toThrow(/beta1/);
    expect(() => swapInAverage(optimizerOf(sgd() as never, 0.1).optimizer)).toThrow(RecipeError);
    expect(() => swapInAverage(optimizerOf(scheduleFreeSgd() as never, 0.1).optimizer)).toThrow(/not taken a step/);
    const rule: Averaging<ScheduleFreeState> = scheduleFreeSgd();
    expect(Object.keys(updateIfFinite(sgd()))).not.toContain("evaluationWeights");
    expect(rule.evaluationWeights).toBeTypeOf("function");
  });
});

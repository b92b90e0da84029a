import "@tensorflow/tfjs-backend-cpu";
import { HookedOptimizer, type Param } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import { type LarsMomentumOptions, larsMomentum } from "../src/index.ts";

beforeEach(() => tf.setBackend("cpu"));

/**
 * Weights after each of two steps, computed with NumPy in float64. w₀ = [1, 2, 2], g₁ = [.3, 0, .4], g₂ = [0, −.6, .8],
 * γ₁ = 1, γ₂ = 0.5, η = 1e-3, β = 1e-2, m = .9.
 */
const golden: Readonly<Record<string, readonly [LarsMomentumOptions, readonly number[], readonly number[]]>> = {
  paper: [{ dialect: "paper" }, [0.998245283, 1.999886792, 1.997622642], [0.996651511, 2.000628954, 1.994289746]],
  "paper, Nesterov": [
    { dialect: "paper", nesterov: true },
    [0.996666038, 1.999784906, 1.995483019],
    [0.995217177, 2.001295853, 1.991291682],
  ],
  torch: [
    { dialect: "torch", epsilon: 1e-8 },
    [0.998245283, 1.999886792, 1.997622642],
    [0.997441133, 2.000679897, 1.995359558],
  ],
  "torch, Nesterov": [
    { dialect: "torch", nesterov: true },
    [0.996666038, 1.999784906, 1.995483019],
    [0.995927838, 2.001341702, 1.992254513],
  ],
  larc: [
    { dialect: "larc", trustCoefficient: 0.02 },
    [0.964905661, 1.997735849, 1.952452831],
    [0.948559254, 2.030016213, 1.884007516],
  ],
  optax: [{ dialect: "optax" }, [0.998219749, 1.999885145, 1.997588047], [0.996602627, 2.000647291, 1.994193669]],
  "tf-classic": [
    { dialect: "tf-classic" },
    [0.998219749, 1.999885145, 1.997588047],
    [0.996602627, 2.000647291, 1.994193669],
  ],
  "tf-popular": [
    { dialect: "tf-popular" },
    [0.998219749, 1.999885145, 1.997588047],
    [0.997899953, 2.000507072, 1.996262332],
  ],
};

describe("golden numbers of two steps with a changing rate", () => {
  for (const [name, [options, ...expected]] of Object.entries(golden)) {
    it(name, () => {
      const variable = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 2])));
      const param: Param = { name: "a/kernel", layer: "a", role: "kernel", shape: [3], unitAxes: [0], variable };
      const every = { excludeFromRatio: [], excludeFromDecay: [], weightDecay: 0.01, momentum: 0.9 };
      const optimizer = new HookedOptimizer({
        params: [param],
        rule: larsMomentum({ ...every, ...options }),
        learningRate: (step) => (step === 0 ? 1 : 0.5),
      });
      for (const [step, g] of [[0.3, 0, 0.4] as const, [0, -0.6, 0.8] as const].entries()) {
        tf.tidy(() => optimizer.applyNamed({ "a/kernel": tf.tensor1d([...g]) }));
        const got = variable.dataSync();
        for (const [i, value] of (expected[step] as readonly number[]).entries()) {
          expect(Math.abs((got[i] as number) - value)).toBeLessThan(3e-7);
        }
      }
      optimizer.dispose();
      variable.dispose();
    });
  }
});

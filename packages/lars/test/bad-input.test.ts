import "@tensorflow/tfjs-backend-cpu";
import { plugins as corePlugins, HookedOptimizer, OptionsError, RecipeError, SelectionError } from "@graftjs/core";
import { createRegistry } from "@graftjs/registry";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import { lamb, lars, larsMomentum, plugins } from "../src/index.ts";
import { dispose, net, param } from "./sample.ts";

beforeEach(() => tf.setBackend("cpu"));

describe("a wrong option is an error at construction", () => {
  const wrong: Readonly<Record<string, readonly [object, RegExp]>> = {
    "a negative coefficient": [{ trustCoefficient: -1 }, /`trustCoefficient` must be a number ≥ 0, got -1/],
    "a coefficient that is NaN": [{ trustCoefficient: Number.NaN }, /`trustCoefficient` must be a number.*got NaN/],
    "a negative decay": [{ weightDecay: -1e-4 }, /`weightDecay` must be a number ≥ 0/],
    "a decay that is NaN": [{ weightDecay: Number.NaN }, /`weightDecay`/],
    "a negative epsilon": [{ epsilon: -1 }, /`epsilon` must be a number ≥ 0/],
    "maxRatio below minRatio": [{ minRatio: 2, maxRatio: 1 }, /`maxRatio` is 1, below `minRatio` 2: swap them/],
    "an unknown dialect": [{ dialect: "mlperff" }, /one of paper, torch, larc, optax, tf-classic.*got "mlperff"/],
    "an unknown granularity": [{ granularity: "block" }, /"tensor", "layer" or a function.*got block/],
    "an unknown zeroNorm": [{ zeroNorm: "two" }, /one of rms-floor, one, eta, exclude/],
    "a floor of 0": [{ rmsFloor: 0 }, /`rmsFloor` must be a number > 0/],
    "an unknown option": [{ trustCoeficient: 1 }, /Did you mean `trustCoefficient`/],
  };
  for (const [name, [options, message]] of Object.entries(wrong)) {
    it(name, () => {
      for (const make of [lars, larsMomentum]) {
        expect(() => make(options)).toThrow(OptionsError);
        expect(() => make(options)).toThrow(message);
      }
    });
  }

  it("the message lists all wrong options", () => {
    expect(() => lars({ trustCoefficient: -1, weightDecay: -2, epsilon: -3 })).toThrow(/3 wrong option/);
  });

  it("the rule lists all six dialects, and the hook points to the rule for tf-popular", () => {
    expect(() => larsMomentum({ dialect: "x" } as object)).toThrow(/paper, torch, larc, optax, tf-classic, tf-popular/);
    expect(() => lars({ dialect: "tf-popular" })).toThrow(/larsMomentum\(\{ dialect: "tf-popular" \}\)/);
  });

  it("momentum of 1, and options of LAMB", () => {
    expect(() => larsMomentum({ momentum: 1 })).toThrow(/`momentum` must be a number ≥ 0 and < 1/);
    expect(() => lamb({ maxGradNorm: 0 })).toThrow(/`maxGradNorm` must be a number > 0/);
    expect(() => lamb({ minRatio: 2, maxRatio: 1 })).toThrow(/swap them/);
    expect(() => lamb({ zeroNorm: "eta" } as object)).toThrow(/one of rms-floor, one/);
  });
});

describe("an option that does not fit the parameters is an error when the optimizer is created", () => {
  it("a selector that matches nothing", () => {
    const params = net();
    for (const options of [{ excludeFromRatio: "**/biass" }, { excludeFromDecay: ["**/biass"] }]) {
      expect(
        () => new HookedOptimizer({ params, hooks: [lars(options)], rule: larsMomentum(), learningRate: 1 }),
      ).toThrow(SelectionError);
      expect(() => new HookedOptimizer({ params, rule: larsMomentum(options), learningRate: 1 })).toThrow(
        /biass.*\n.*Did you mean.*bias/,
      );
      expect(() => new HookedOptimizer({ params, rule: lamb(options), learningRate: 1 })).toThrow(SelectionError);
    }
    dispose(params);
  });

  it("every parameter excluded: LARS would do nothing", () => {
    const params = [param("a/bias", [3], [1, 2, 3])];
    expect(() => new HookedOptimizer({ params, rule: larsMomentum(), learningRate: 1 })).toThrow(
      /adapts none of 1 parameters[\s\S]*excludeFromRatio: \[\]/,
    );
    dispose(params);
  });
});

describe("in a recipe", () => {
  const registry = createRegistry([corePlugins, plugins]);
  it("finds the hook and the rules by name, with their options", async () => {
    const hook = { use: "lars", with: { trustCoefficient: 0.01 } };
    const resolved = await registry.resolve({
      hooks: [hook],
      rule: { use: "sgd", with: { momentum: 0.9 } },
      learningRate: 1,
    });
    expect(resolved.hooks.map(({ name }) => name)).toEqual(["lars"]);
    for (const use of ["lars-momentum", "lamb", "lambc"]) {
      expect((await registry.resolve({ rule: { use, with: { weightDecay: 0.1 } }, learningRate: 1 })).rule.name).toBe(
        use,
      );
    }
  });

  it("refuses two ratios, and a ratio before Adam, with a reason", async () => {
    for (const rule of ["adam", "lars-momentum", "lamb"]) {
      await expect(registry.resolve({ hooks: ["lars"], rule, learningRate: 1 })).rejects.toThrow(RecipeError);
    }
    await expect(registry.resolve({ hooks: ["lars"], rule: "adam", learningRate: 1 })).rejects.toThrow(/ratio cancels/);
  });
});

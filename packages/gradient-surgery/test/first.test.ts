import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import { corePlugins, createRegistry, descend, HookedOptimizer, OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import { clipByGlobalNorm, pcgrad, plugins } from "../src/index.ts";

beforeAll(() => tf.setBackend("cpu"));

it("pcgrad gives the golden weights of J = [[1,0,1],[-1,.5,0]]", () => {
  const out = pcgrad().weigh(Float64Array.of(2, -1, -1, 1.25), ["a", "b"], null, { step: 0, group: "" });
  expect([...out.weights]).toEqual([1.5, 1.8]);
});

it("clips (3, 4) to norm 1, leaves (0.3, 0.4) bit-identical, and leaves nothing behind", () => {
  const before = tf.memory().numTensors;
  for (const [scale, expected] of [
    [1, [0.6, 0.8]],
    [0.1, [0.3, 0.4]],
    [1e20, [0.6, 0.8]],
    [1e-20, [3e-20, 4e-20]],
    [0, [0, 0]],
  ] as const) {
    const out = tf.tidy(() => {
      const grads = { a: tf.tensor1d([3 * scale]), b: tf.tensor1d([4 * scale]) };
      const { grads: out } = clipByGlobalNorm({ norm: 1 }).transform(grads, null, {} as never);
      return [...(out.a as tf.Tensor).dataSync(), ...(out.b as tf.Tensor).dataSync()];
    });
    for (const [i, v] of out.entries()) {
      expect(Math.abs(v - (expected[i] as number))).toBeLessThanOrEqual(2e-7 * (expected[i] as number));
    }
  }
  expect(tf.memory().numTensors).toBe(before);
});

it("both stand in a recipe", async () => {
  const made = await createRegistry([corePlugins, plugins]).resolve({
    combiner: "pcgrad",
    hooks: [{ use: "clip-by-global-norm", with: { norm: 1 } }],
    rule: "descend",
    learningRate: 0.1,
  });
  expect(made.hooks.map(({ name }) => name)).toEqual(["clip-by-global-norm"]);
  expect(made.combiner?.name).toBe("pcgrad");
  expect(() => clipByGlobalNorm({ norm: 0 })).toThrow(OptionsError);
  expect(
    () => new HookedOptimizer({ params: [], hooks: [pcgrad() as never], rule: descend(), learningRate: 1 }),
  ).toThrow();
});

import "@tensorflow/tfjs-backend-cpu";
import { mapTensors, masked, sgd, stateless } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import { type FineTuneOptions, fineTune, functionAdapter } from "../src/index.ts";
import { examples, mapStore } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

const options = (more: Partial<FineTuneOptions> & Pick<FineTuneOptions, "data">): FineTuneOptions => ({
  loss: "categoricalCrossentropy",
  trainable: "head",
  rule: sgd({ momentum: 0.9 }),
  learningRate: 0.1,
  epochs: 3,
  batchSize: 8,
  ...more,
});

describe("functions over variables", () => {
  it("train with their own trunk", async () => {
    const kernel = tf.variable(tf.zeros([4, 3]));
    const fixed = tf.randomNormal([4, 4], 0, 1, "float32", 3);
    const adapter = functionAdapter({
      variables: { "head/kernel": kernel },
      inputs: { x: [null, 4] },
      outputs: { y: [null, 3] },
      trunk: ([x]) => tf.tanh(tf.matMul(x as tf.Tensor2D, fixed as tf.Tensor2D)),
      forward: ([features]) => tf.matMul(features as tf.Tensor2D, kernel as unknown as tf.Tensor2D),
    });
    const data = examples([4], 12);
    const start = tf.memory().numTensors;
    const { restore, history, plan } = await fineTune(
      adapter,
      options({ data, loss: "softmaxCrossEntropy", trainable: "all" }),
    );
    restore();
    expect(tf.memory().numTensors).toBe(start);
    expect(history.loss[2]).toBeLessThan(history.loss[0] as number);
    expect(plan.cache.bytes).toBe(12 * 4 * 4);
    expect(() => functionAdapter({ variables: {}, inputs: {}, outputs: {}, forward: () => [] })).toThrow(
      /no variables/,
    );
  });

  it("may have names without a slash, which every selector finds", async () => {
    const run = async (names: readonly [string, string], more: (w: string, b: string) => object): Promise<number[]> => {
      const [w, b] = names;
      const [kernel, bias] = [tf.variable(tf.zeros([4, 3])), tf.variable(tf.zeros([3]))];
      const adapter = functionAdapter({
        variables: { [w]: kernel, [b]: bias },
        inputs: { x: [null, 4] },
        outputs: { y: [null, 3] },
        forward: ([x]) => tf.add(tf.matMul(x as tf.Tensor2D, kernel as unknown as tf.Tensor2D), bias),
      });
      const given = options({ data: examples([4], 12), loss: "softmaxCrossEntropy", trainable: "all" });
      await fineTune(adapter, { ...given, ...more(w, b) } as FineTuneOptions);
      return [...kernel.dataSync(), ...bias.dataSync()];
    };
    const halved = stateless("halved", (grads) => mapTensors(grads, (grad) => tf.mul(grad, 0.5)));
    for (const more of [
      (w: string) => ({ trainable: w }),
      (w: string, b: string) => ({ trainable: [w, b] }),
      (_: string, b: string) => ({ trainable: { exclude: [b] } }),
      (w: string) => ({ rateMultipliers: [{ params: w, factor: 0.1 }] }),
      (w: string, b: string) => ({ trainable: b, unfreeze: [{ epoch: 1, trainable: w }] }),
      (w: string) => ({ hooks: [masked(halved, w)] }),
    ])
      expect(await run(["w", "b"], more)).toEqual(await run(["net/w", "net/b"], more));
    // The noise depends on the name, so there is nothing to compare it with.
    await run(["w", "b"], (w) => ({ weightNoise: { deviation: 0.01, on: w } }));
  });

  it("get all tensors of a trunk that returns several, cached or not", async () => {
    const runs = [];
    for (const cache of ["memory", false, { store: mapStore() }] as const) {
      const kernel = tf.variable(tf.ones([4, 3]));
      const adapter = functionAdapter({
        variables: { "head/kernel": kernel },
        inputs: { x: [null, 4] },
        outputs: { y: [null, 3] },
        trunk: ([x]) => [tf.tanh(x as tf.Tensor), tf.square(x as tf.Tensor)],
        forward: ([a, b]) =>
          tf.matMul(tf.sub(a as tf.Tensor, b as tf.Tensor) as tf.Tensor2D, kernel as unknown as tf.Tensor2D),
      });
      const given = examples([4], 12);
      const start = tf.memory().numTensors;
      const run = { data: given, loss: "softmaxCrossEntropy", trainable: "all", validation: given, cache } as const;
      const { restore, history } = await fineTune(adapter, options(run));
      restore();
      expect(tf.memory().numTensors).toBe(start);
      runs.push(history);
    }
    expect(runs[0]).toEqual(runs[1]);
    expect(runs[2]).toEqual(runs[1]);
  });

  it("are refused if the trunk combines examples of a batch, unless nothing is cached", async () => {
    const kernel = tf.variable(tf.ones([4, 3]));
    const adapter = functionAdapter({
      variables: { "head/kernel": kernel },
      inputs: { x: [null, 4] },
      outputs: { y: [null, 3] },
      trunk: ([x]) => tf.sub(x as tf.Tensor, tf.mean(x as tf.Tensor, 0)),
      forward: ([a]) => tf.matMul(a as tf.Tensor2D, kernel as unknown as tf.Tensor2D),
    });
    const run = options({ data: examples([4], 12), loss: "softmaxCrossEntropy", trainable: "all" });
    const start = tf.memory().numTensors;
    await expect(fineTune(adapter, run)).rejects.toThrow(
      /`trunk`, whose output .* depends on other examples of the batch/,
    );
    expect(tf.memory().numTensors).toBe(start);
    expect([...kernel.dataSync()]).toEqual(Array.from({ length: 12 }, () => 1));
    (await fineTune(adapter, { ...run, cache: false })).restore();
  });
});

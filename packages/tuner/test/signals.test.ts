import "@tensorflow/tfjs-backend-cpu";
import { sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import {
  createRunControl,
  type FineTuneOptions,
  findLearningRate,
  fineTune,
  functionAdapter,
  type ModelAdapter,
} from "../src/index.ts";
import { mlp } from "./nets.ts";
import { examples, mapStore, weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

const options = (more: Partial<FineTuneOptions> = {}): FineTuneOptions => ({
  data: examples([4]),
  loss: "softmaxCrossEntropy",
  trainable: "**",
  rule: sgd({ momentum: 0.9 }),
  learningRate: 0.1,
  epochs: 3,
  batchSize: 8,
  ...more,
});

/** Makes a dense layer that takes at least `ms` per batch in inference mode, and reports each call. */
function slowInInference(ms: number, seen: () => void): { readonly model: ModelAdapter; readonly kernel: tf.Variable } {
  const kernel = tf.variable(tf.fill([4, 3], 0.1));
  const model = functionAdapter({
    variables: { "head/kernel": kernel },
    inputs: { x: [null, 4] },
    outputs: { y: [null, 3] },
    forward([x], training) {
      if (!training) {
        for (const end = performance.now() + ms; performance.now() < end; );
        seen();
      }
      return tf.matMul(x as tf.Tensor2D, kernel as unknown as tf.Tensor2D);
    },
  });
  return { model, kernel };
}

describe("a run that is paused", () => {
  it("rejects if it is aborted, after writing its checkpoint", async () => {
    const [control, aborter, files] = [createRunControl(), new AbortController(), new Map<string, Uint8Array>()];
    const pausing = {
      stepEnd({ step }: { step: number }) {
        if (step !== 2) return;
        control.pause();
        setTimeout(() => aborter.abort(new Error("enough")), 5);
      },
    };
    const run = options({ control, signal: aborter.signal, observers: [pausing], checkpoint: { to: mapStore(files) } });
    await expect(fineTune(mlp(), run)).rejects.toThrow("enough");
    expect([...files.keys()]).toEqual(["step-0000000002.graft"]);
  });
});

describe("findLearningRate", () => {
  it("rejects if the caller's signal is aborted before or during the search, and restores the weights", async () => {
    const model = mlp();
    const before = weightsOf(model);
    for (const steps of [0, 4]) {
      const aborter = new AbortController();
      if (steps === 0) aborter.abort(new Error("never mind"));
      let calls = 0;
      const loss = (labels: tf.Tensor, y: tf.Tensor): tf.Tensor => {
        if (++calls === steps) aborter.abort(new Error("never mind"));
        return tf.mean(tf.square(tf.sub(labels, y)));
      };
      const { epochs: _, learningRate: _rate, ...rest } = options({ loss, signal: aborter.signal });
      await expect(findLearningRate(model, rest, { steps: 20 })).rejects.toThrow("never mind");
      expect(calls).toBe(steps);
      expect(weightsOf(model)).toEqual(before);
    }
  });
});

describe("validation", () => {
  it("lets timers run between batches", async () => {
    let [batches, ticks] = [0, 0];
    const { model } = slowInInference(20, () => batches++);
    const timer = setInterval(() => ticks++, 1);
    const run = options({ validation: examples([4], 80), epochs: 1, cache: false });
    (await fineTune(model, run)).restore();
    clearInterval(timer);
    expect(batches).toBe(10);
    expect(ticks).toBeGreaterThanOrEqual(9);
  });

  it("is ended by the signal, and a resumed run continues with it bit-identically", async () => {
    const validation = examples([4], 80);
    const more = { validation, metrics: ["accuracy"], ema: { decay: 0.5 }, cache: false } as const;
    const { model: whole, kernel: expected } = slowInInference(0, () => {});
    const { history, restore } = await fineTune(whole, options(more));
    restore();
    let batches = 0;
    const aborter = new AbortController();
    // Aborts in the validation of the second epoch.
    const seen = (): void => void (++batches === 13 && aborter.abort(new Error("enough")));
    const first = slowInInference(0, seen);
    const checkpoint = { to: mapStore(), resume: true };
    const aborted = fineTune(first.model, options({ ...more, checkpoint, signal: aborter.signal }));
    await expect(aborted).rejects.toThrow("enough");
    expect(batches).toBe(13);
    const { model, kernel } = slowInInference(0, () => batches++);
    const steps: number[] = [];
    const observers = [{ stepEnd: ({ step }: { step: number }) => void steps.push(step) }];
    const resumed = await fineTune(model, options({ ...more, checkpoint, observers }));
    resumed.restore();
    expect(steps).toEqual([7, 8, 9]);
    expect(batches).toBe(33);
    expect(resumed.history).toEqual(history);
    expect([...kernel.dataSync()]).toEqual([...expected.dataSync()]);
  });
});

describe("hashing the inputs for a cache in files", () => {
  it("is ended by the signal between two chunks", async () => {
    const aborter = new AbortController();
    const views: number[] = [];
    const watch = {
      name: "watch",
      apply(batch: tf.Tensor) {
        views.push(batch.shape[0] as number);
        if (views.length === 2) aborter.abort(new Error("enough"));
        return batch;
      },
    };
    const run = options({
      data: examples([4], 300),
      trainable: "head",
      augment: [watch],
      views: 1,
      cache: { store: mapStore() },
      signal: aborter.signal,
    });
    await expect(fineTune(mlp(), run)).rejects.toThrow("enough");
    expect(views).toEqual([64, 64]);
  });
});

import "@tensorflow/tfjs-backend-cpu";
import { type CallbackRun, namedParams, namedWeights, OptionsError, SelectionError, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { averageWithStart, knowledgeGauge, readWeights, wiseFt } from "../../src/index.ts";
import { drift, net, train } from "./net.ts";

let start = 0;
beforeEach(async () => {
  await tf.setBackend("cpu");
  start = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(start));

it("wise-ft: 0 and 1 give the pretrained and the tuned weights, bit for bit, including statistics", async () => {
  const { model, loss, free } = net();
  const params = namedWeights(model);
  const reference = await readWeights(params);
  train(namedParams(model), loss, 5, sgd());
  const tuned = await readWeights(params);
  const slider = wiseFt(params, reference);
  slider.set(0);
  expect(await readWeights(params)).toEqual(reference);
  slider.set(0.25);
  const between = await readWeights(params);
  expect(between["norm/moving_mean"]?.[0]).toBeCloseTo(
    0.75 * (reference["norm/moving_mean"]?.[0] as number) + 0.25 * (tuned["norm/moving_mean"]?.[0] as number),
    6,
  );
  slider.set(1);
  expect(await readWeights(params)).toEqual(tuned);
  expect(() => slider.set(1.5)).toThrow(OptionsError);
  expect(() => wiseFt(params, {})).toThrow(SelectionError);
  slider.dispose();
  free();
});

it("average-with-start writes (1 − a)·start + a·tuned at the end, and a resumed run takes the first start", async () => {
  const written: ReadonlyMap<string, Float32Array>[] = [];
  const run = (...values: number[]): CallbackRun =>
    ({
      readWeights: async () => new Map([["w", new Float32Array([values.shift() as number])]]),
      writeWeights: (weights: ReadonlyMap<string, Float32Array>) => written.push(weights),
    }) as unknown as CallbackRun;
  const callback = averageWithStart({ weight: 0.25 });
  await callback.runStart?.(run(1, 5));
  const saved = await callback.save?.();
  await callback.finish?.();
  const resumed = averageWithStart({ weight: 0.25 });
  await resumed.runStart?.(run(3, 5));
  resumed.load?.(saved as NonNullable<typeof saved>);
  await resumed.finish?.();
  // 0.75 · 1 + 0.25 · 5
  expect(written.map((weights) => weights.get("w")?.[0])).toEqual([2, 2]);
  expect(() => averageWithStart({ weight: 2 })).toThrow(OptionsError);
});

it("the knowledge gauge measures drift by layer and accuracy at each epoch", async () => {
  const { params, loss, free } = net();
  const reference = await readWeights(params);
  const logged: number[] = [];
  const gauge = knowledgeGauge({ params, reference, accuracy: () => 0.5, log: ({ total }) => void logged.push(total) });
  expect(await gauge.measure()).toEqual({ drift: { body: 0, norm: 0, head: 0 }, total: 0, accuracy: 0.5 });
  train(params, loss, 5, sgd());
  await gauge.epochEnd?.({ epoch: 0, step: 5, seconds: 1, logs: {} });
  const reading = gauge.history[0];
  expect(reading?.drift.body).toBeCloseTo(drift(params, reference, ["body/kernel", "body/bias"]), 4);
  expect(logged).toEqual([reading?.total]);
  expect(() => knowledgeGauge({ params, reference: {} })).toThrow(SelectionError);
  free();
});

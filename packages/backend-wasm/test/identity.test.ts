import { runFused } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { wasmBackend } from "../src/index.ts";

let session: Awaited<ReturnType<ReturnType<typeof wasmBackend>["init"]>>;
beforeAll(async () => {
  session = await wasmBackend().init();
});
afterAll(() => session.dispose());

it("clones without a copy, and either tensor can be freed first", () => {
  const x = tf.ones([3]);
  const backend = tf.backend();
  const before = backend.numDataIds();
  const y = tf.clone(x);
  expect(backend.numDataIds()).toBe(before);
  x.dispose();
  expect([...y.dataSync()]).toEqual([1, 1, 1]);
  y.dispose();
  expect(backend.numDataIds()).toBe(before - 1);
});

it("an in-place step does not change a clone of the weights", () => {
  const w = tf.variable(tf.tensor1d([1, 2]));
  const backup = tf.clone(w);
  const attrs = { variables: [w], grads: [tf.ones([2])], velocities: [], learningRates: [1], first: [true] };
  expect(runFused("GraftSgd", { ...attrs, momentum: 0, dampening: 0, nesterov: false, rateInVelocity: false })).toBe(
    true,
  );
  expect([...w.dataSync()]).toEqual([0, 1]);
  expect([...backup.dataSync()]).toEqual([1, 2]);
});

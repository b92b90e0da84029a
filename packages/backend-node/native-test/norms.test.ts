import "@tensorflow/tfjs-backend-cpu";
import { type BackendSession, runFused } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { nativeBackend } from "../src/index.ts";

let session: BackendSession;
beforeAll(async () => {
  session = await nativeBackend().init();
});
afterAll(() => session.dispose());

it("copies what shares a buffer that was made on another backend before it writes", async () => {
  const name = tf.getBackend();
  await tf.setBackend("cpu");
  const w = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3])));
  const [backup, g] = [tf.clone(w), tf.tensor1d([1, 1, 1])];
  await tf.setBackend(name);
  const ran = runFused("GraftSgd", {
    ...{ variables: [w], grads: [g], velocities: [], learningRates: [0.5], first: [true] },
    ...{ momentum: 0, dampening: 0, nesterov: false, rateInVelocity: false },
  });
  expect(ran).toBe(true);
  expect([...w.dataSync()]).toEqual([0.5, 1.5, 2.5]);
  expect([...backup.dataSync()]).toEqual([1, 2, 3]);
  tf.dispose([w, backup, g]);
});

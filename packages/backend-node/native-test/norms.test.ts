import "@tensorflow/tfjs-backend-cpu";
import { type AnyRule, type BackendSession, HookedOptimizer, runFused } from "@graftjs/core";
import { lamb, larsMomentum } from "@graftjs/lars";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { compareClipping } from "../../../tools/browser/suite/clip.ts";
import { dispose, gradients, net } from "../../lars/test/sample.ts";
import { nativeBackend } from "../src/index.ts";

let session: BackendSession;
beforeAll(async () => {
  session = await nativeBackend().init();
});
afterAll(() => session.dispose());

it("copies a shared buffer that was made on another backend before it writes", async () => {
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

/** Takes three steps, from the second on with a special number in one gradient. Returns the weights that are not finite. */
function spoiled(rule: AnyRule, bad: number): (number | "finite")[] {
  const params = net([]);
  const optimizer = new HookedOptimizer({ params, rule, learningRate: 0.1 });
  for (let step = 0; step < 3; step++) {
    tf.tidy(() => {
      const grads = gradients(params, step, 1);
      const one = grads["conv/kernel"] as tf.Tensor;
      const values = one.dataSync().slice();
      if (step > 0) values[3] = bad;
      optimizer.applyNamed({ ...grads, "conv/kernel": tf.tensor(values, one.shape) });
    });
  }
  const weights = params.flatMap(({ variable }) => [...variable.dataSync()]);
  optimizer.dispose();
  dispose(params);
  return weights.map((x) => (Number.isFinite(x) ? "finite" : x));
}

it.each([Number.NaN, Number.POSITIVE_INFINITY])(
  "a gradient of %d spoils what it spoils in the composed rule",
  (bad) => {
    for (const make of [
      () => larsMomentum({ momentum: 0.9, weightDecay: 0.01 }),
      () => larsMomentum({ dialect: "larc", weightDecay: 0.01 }),
      () => larsMomentum({ granularity: "layer", minRatio: 0.01, maxRatio: 0.04 }),
      () => lamb(),
    ]) {
      const { applyFused, ...composed } = make();
      expect(applyFused).toBeTypeOf("function");
      const want = spoiled(composed as AnyRule, bad);
      expect(want.some(Number.isNaN)).toBe(true);
      expect(spoiled(make(), bad)).toEqual(want);
    }
  },
);

it("clips by the global norm like cpu, into new tensors", async () => {
  const { rows, calls, changed, leaked } = await compareClipping(tf.getBackend());
  expect(rows.filter(({ error }) => !((error ?? 1) <= 1e-6))).toEqual([]);
  expect(calls).toEqual({ GraftGlobalNorm: rows.length - 1, GraftScaleAll: rows.length - 1 });
  expect(changed).toEqual([]);
  expect(leaked).toBe(0);
});

it("returns 0 as the norm of an empty list, and writes nothing if a tensor is wrong", () => {
  const [out, one] = [tf.scalar(-1), tf.ones([2])];
  expect(runFused("GraftGlobalNorm", { tensors: [], out })).toBe(true);
  expect(out.dataSync()[0]).toBe(0);
  expect(() => runFused("GraftGlobalNorm", { tensors: [one, tf.ones([2], "int32")], out })).toThrow(
    /tensors\[1\] is int32/,
  );
  expect(() => runFused("GraftGlobalNorm", { tensors: [one], out: one })).toThrow(/out\[0\] has shape \[2\]/);
  const outputs = [tf.zeros([2]), tf.zeros([3])];
  expect(() => runFused("GraftScaleAll", { tensors: [one, one], outputs, factor: out })).toThrow(/shape/);
  expect([...(outputs[0] as tf.Tensor).dataSync()]).toEqual([0, 0]);
});

import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { EVERY } from "../../../tools/browser/gpu-tests.ts";
import { compareLayers } from "../../../tools/browser/suite/layers.ts";
import { nativeBackend } from "../src/index.ts";

let session: Awaited<ReturnType<ReturnType<typeof nativeBackend>["init"]>>;
beforeAll(async () => {
  session = await nativeBackend().init();
});
afterAll(() => session.dispose());

it("every kind of layer trains on the native backend as on cpu, without leaks", async () => {
  const { rows, leaked } = await compareLayers("tensorflow", EVERY);
  expect(rows.length).toBeGreaterThan(80 / EVERY);
  expect(rows.filter(({ error }) => error === null || !(error <= 1e-5))).toEqual([]);
  expect(leaked).toBe(0);
}, 600_000);

it("counts numbers in vectors and rows as cpu does", async () => {
  const counts = (): number[][] =>
    tf.tidy(() => {
      const row = tf.tensor([0, 3, 3, 7, 1], [5], "int32") as tf.Tensor1D;
      const rows = tf.tensor2d([0, 3, 3, 7, 1, 1], [2, 3], "int32");
      const none: number[] = [];
      const each = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3], "float32");
      return [
        tf.denseBincount<tf.Tensor1D>(row, none, 5),
        tf.denseBincount<tf.Tensor1D>(row, tf.tensor1d([1, 2, 3, 4, 5], "float32"), 5),
        tf.denseBincount<tf.Tensor2D>(rows, none, 4),
        tf.denseBincount(rows, each, 4),
        tf.denseBincount(rows, each, 4, true),
      ].map((y) => [...y.dataSync(), ...y.shape]);
    });
  await tf.setBackend("cpu");
  const expected = counts();
  await tf.setBackend("tensorflow");
  expect(counts()).toEqual(expected);
  expect(expected[2]).toEqual([1, 0, 0, 2, 0, 2, 0, 0, 2, 4]);
});

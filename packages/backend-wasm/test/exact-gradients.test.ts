import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { describe, expect, it } from "vitest";
import { batchNormTraining, conv2dBiasActivation } from "../src/index.ts";
import { runKernel } from "../src/tfjs-registry/gradients.ts";
import { describeEachLevel, expectSame, NASTY, runOnCpuAndWasm } from "./cpu-and-wasm.ts";

type Op = (x: tf.Tensor) => tf.Tensor;

/** Every difficult number with four gradients of the output: 1, 0, NaN and infinity. */
const DYS = [1, 0, -2, Number.NaN, Number.POSITIVE_INFINITY];
const pairs = NASTY.flatMap((x) => DYS.map((dy) => [x, dy] as const));

/** Computes the gradient of Σ dy·f at every pair. */
const gradient = (f: Op) => (): tf.Tensor => {
  const [x, dy] = [tf.tensor1d(pairs.map(([v]) => v)), tf.tensor1d(pairs.map(([, d]) => d))];
  return tf.grad((v) => tf.sum(tf.mul(f(v), dy)))(x);
};

/** A convolution that returns each number unchanged. */
const asImage =
  (op: (x: tf.Tensor4D, one: tf.Tensor4D) => tf.Tensor): Op =>
  (x) =>
    tf.reshape(op(tf.reshape(x, [1, x.size, 1, 1]), tf.ones([1, 1, 1, 1])), [x.size]);

const CASES: Readonly<Record<string, Op>> = {
  relu: tf.relu,
  relu6: tf.relu6,
  clipByValue: (x) => tf.clipByValue(x, -2, 3),
  tanh: tf.tanh,
  maximum: (x) => tf.maximum(x, 1),
  minimum: (x) => tf.minimum(1, x),
  squaredDifference: (x) => tf.squaredDifference(x, 1),
  "conv2dBiasActivation, relu": asImage((x, one) => conv2dBiasActivation(x, one, undefined, { activation: "relu" })),
};

describeEachLevel((level) => {
  describe("gradients at difficult numbers", () => {
    it.each(Object.entries(CASES))("%s: as on cpu, including NaN and infinities", async (_, f) => {
      expectSame(
        await runOnCpuAndWasm(gradient(f)),
        pairs.map(([x]) => x),
      );
    });

    it("sigmoid: as on cpu, including NaN and infinities", async () => {
      // y·(1 − y) loses digits if y is nearly 1, on cpu as well.
      const [cpu, wasm] = await runOnCpuAndWasm(gradient(tf.sigmoid));
      for (const [i, expected] of cpu.entries())
        if (Number.isFinite(expected)) expect(Math.abs((wasm[i] as number) - expected)).toBeLessThan(2.5e-7);
        else expect(wasm[i]).toBe(expected);
    });

    // cpu decides by the input, the fused kernel by the output. Both inputs at and beyond 6 have the output 6, so it gives 0.
    it("conv2dBiasActivation, relu6: as on cpu", async () => {
      const f = asImage((x, one) => conv2dBiasActivation(x, one, undefined, { activation: "relu6" }));
      const [cpu, wasm] = await runOnCpuAndWasm(gradient(f));
      const other = pairs.flatMap(([x], i) => (x === 6 ? [] : [i]));
      expectSame([other.map((i) => cpu[i] as number), other.map((i) => wasm[i] as number)]);
    });

    it("softmax: a row with NaN is NaN, the others are not", async () => {
      const x = [
        [1, Number.NaN, 2],
        [0, 1e4, -1e4],
        [1, 2, 3],
      ];
      expectSame(await runOnCpuAndWasm(() => tf.grad((v) => tf.sum(tf.mul(tf.softmax(v), [1, 2, 3])))(tf.tensor2d(x))));
    });

    it("batchNormTraining and relu: a channel with NaN is NaN, the others are not", async () => {
      const x = [
        [1, Number.NaN],
        [2, 1],
        [-4, 2],
      ];
      const op = (v: tf.Tensor): tf.Tensor =>
        batchNormTraining(v, tf.ones([2]), tf.zeros([2]), { activation: "relu" })[0];
      expectSame(await runOnCpuAndWasm(() => tf.grad((v) => tf.sum(tf.square(op(v))))(tf.tensor2d(x))));
    });
  });

  if (level === "simd")
    describe("kernels that other packages call", () => {
      it("GraftBatchNormGrad with an activation keeps NaN in all three gradients", async () => {
        await tf.setBackend("wasm");
        tf.tidy(() => {
          const x = tf.tensor2d([
            [Number.NaN, 1],
            [1, -1],
          ]);
          const [dx, dscale, doffset] = runKernel<tf.Tensor[]>(
            "GraftBatchNormGrad",
            { dy: tf.ones([2, 2]), x, mean: tf.zeros([2]), variance: tf.ones([2]) },
            { varianceEpsilon: 0, activation: "relu", wantX: true, wantScale: true, wantOffset: true },
          ) as [tf.Tensor, tf.Tensor, tf.Tensor];
          expect([...dx.dataSync()]).toEqual([Number.NaN, 1, 1, 0]);
          expect([...dscale.dataSync()]).toEqual([Number.NaN, 1]);
          expect([...doffset.dataSync()]).toEqual([Number.NaN, 1]);
        });
      });
    });
});

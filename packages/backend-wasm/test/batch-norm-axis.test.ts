import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { beforeAll, expect, it } from "vitest";
import { wasmBackend } from "../src/index.ts";

beforeAll(async () => {
  await wasmBackend().init();
});

const random = (shape: number[], seed: number, low = 0.4): tf.Tensor =>
  tf.randomUniform(shape, low, 1.6, "float32", seed);

it("batchNorm whose factors lie along another axis than the last equals its definition, with its gradients", () => {
  for (const [shape, factors] of [
    [
      [2, 4, 5, 3],
      [1, 4, 1, 1],
    ],
    [
      [2, 4, 5, 3],
      [1, 1, 5, 1],
    ],
    [
      [2, 4, 5, 3],
      [1, 1, 1, 3],
    ],
    [
      [2, 4, 5, 3],
      [2, 1, 1, 1],
    ],
    [
      [2, 4, 3],
      [1, 4, 1],
    ],
    [
      [2, 3, 3, 3],
      [1, 3, 1, 1],
    ],
  ]) {
    const inputs = [random(shape as number[], 1, -2), ...[2, 3, 4, 5].map((seed) => random(factors as number[], seed))];
    const weights = random(shape as number[], 6, -1);
    const value =
      (compute: (...inputs: tf.Tensor[]) => tf.Tensor) =>
      (...given: tf.Tensor[]): tf.Scalar =>
        tf.sum(tf.mul(compute(...given), tf.add(compute(...given), weights)));
    const fused = (x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, offset: tf.Tensor, scale: tf.Tensor) =>
      tf.batchNorm(
        x as tf.Tensor4D,
        mean as tf.Tensor4D,
        variance as tf.Tensor4D,
        offset as tf.Tensor4D,
        scale as tf.Tensor4D,
        1e-3,
      );
    const definition = (x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, offset: tf.Tensor, scale: tf.Tensor) =>
      tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-3))), scale), offset);
    const [got, expected] = [fused, definition].map((compute) => tf.valueAndGrads(value(compute as never))(inputs));
    for (const [i, tensor] of [got?.value, ...(got?.grads ?? [])].entries()) {
      const wanted = [expected?.value, ...(expected?.grads ?? [])][i] as tf.Tensor;
      expect((tensor as tf.Tensor).shape).toEqual(wanted.shape);
      expect([...(tensor as tf.Tensor).dataSync()]).toEqual([...wanted.dataSync()].map((n) => expect.closeTo(n, 2)));
    }
  }
});

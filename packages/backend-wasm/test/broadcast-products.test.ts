import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { beforeAll, expect, it } from "vitest";
import { wasmBackend } from "../src/index.ts";

beforeAll(async () => {
  await wasmBackend().init();
});

const random = (shape: readonly number[], seed: number): tf.Tensor =>
  tf.randomUniform([...shape], -1, 1, "float32", seed);

/** Repeats the batch axes of a matrix. tfjs's gradient of `tile` is right. */
function tiled(matrix: tf.Tensor, batch: readonly number[]): tf.Tensor {
  const ones = Array<number>(batch.length + 2 - matrix.rank).fill(1);
  const full = tf.reshape(matrix, [...ones, ...matrix.shape]);
  return tf.tile(full, [...batch.map((size, i) => size / (full.shape[i] as number)), 1, 1]);
}

it("matMul of matrices whose batches broadcast has the gradients of tiled matrices", () => {
  for (const [batchOfA, batchOfB, batch] of [
    [[2], [], [2]],
    [[], [2], [2]],
    [[2], [1], [2]],
    [[2, 3], [3], [2, 3]],
    [
      [2, 1],
      [1, 3],
      [2, 3],
    ],
    [
      [2, 3],
      [2, 3],
      [2, 3],
    ],
  ] as const) {
    for (const transposeA of [false, true])
      for (const transposeB of [false, true]) {
        const a = random([...batchOfA, ...(transposeA ? [4, 3] : [3, 4])], 1);
        const b = random([...batchOfB, ...(transposeB ? [5, 4] : [4, 5])], 2);
        const weights = random([...batch, 3, 5], 3);
        const of = (x: tf.Tensor, y: tf.Tensor): tf.Scalar =>
          tf.sum(tf.mul(tf.square(tf.matMul(x, y, transposeA, transposeB)), weights));
        const got = tf.grads(of as never)([a, b]);
        const expected = tf.grads(((x: tf.Tensor, y: tf.Tensor) => of(tiled(x, batch), tiled(y, batch))) as never)([
          a,
          b,
        ]);
        got.forEach((gradient, i) => {
          expect(gradient.shape).toEqual([a, b][i]?.shape);
          expect([...gradient.dataSync()]).toEqual(
            [...(expected[i] as tf.Tensor).dataSync()].map((value) => expect.closeTo(value, 4)),
          );
        });
      }
  }
});

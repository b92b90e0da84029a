import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, expect, it } from "vitest";
import { dataDigest, isSameData } from "../src/pipeline/source/data-digest.ts";
import type { Source } from "../src/pipeline/source/source.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

/** Makes a source of images and labels in memory, with the methods that a digest needs. */
function source(xs: tf.Tensor, ys: tf.Tensor): Source {
  return {
    size: xs.shape[0] as number,
    buffer: undefined,
    open: (order: Int32Array) => {
      let at = 0;
      return {
        take: async (indices: Int32Array) => {
          expect([...order.subarray(at, at + indices.length)]).toEqual([...indices]);
          at += indices.length;
          const rows = tf.tensor1d(indices, "int32");
          const taken = { inputs: [tf.gather(xs, rows)], labels: [tf.gather(ys, rows)] };
          rows.dispose();
          return taken;
        },
        close: async () => {},
      };
    },
  } as unknown as Source;
}

const pictures = (): tf.Tensor => tf.randomUniform([100, 6, 6, 3], 0, 1, "float32", 1);
const labels = (): tf.Tensor =>
  tf.oneHot(
    tf.tensor1d(
      Array.from({ length: 100 }, (_, i) => i % 3),
      "int32",
    ),
    3,
  );

it("accepts data rounded by another device, read in any portions, and a digest read back from a file", async () => {
  const [xs, ys] = [pictures(), labels()];
  const mine = await dataDigest(source(xs, ys), 16);
  const before = tf.memory().numTensors;
  const theirs = await dataDigest(
    source(
      tf.tidy(() => tf.mul(xs, 1 + 1e-5)),
      ys,
    ),
    7,
  );
  expect(tf.memory().numTensors).toBe(before + 1);
  expect(
    isSameData(JSON.parse(JSON.stringify(mine)) as NonNullable<typeof mine>, theirs as NonNullable<typeof theirs>),
  ).toBe(true);
});

it("detects other data: scaled, reversed, other labels, types, shapes or counts, or one changed image among those compared", async () => {
  const [xs, ys] = [pictures(), labels()];
  const mine = await dataDigest(source(xs, ys), 16);
  const one = tf.tidy(() => tf.concat([tf.slice(xs, [0, 0, 0, 0], [99, 6, 6, 3]), tf.zeros([1, 6, 6, 3])]));
  const others: readonly (readonly [tf.Tensor, tf.Tensor])[] = [
    [tf.mul(xs, 255), ys],
    [tf.reverse(xs, 0), ys],
    [tf.reverse(xs, 2), ys],
    [xs, tf.reverse(ys, 0)],
    [xs, tf.cast(ys, "float32")],
    [tf.reshape(xs, [100, 108]), ys],
    [tf.slice(xs, 0, 99), tf.slice(ys, 0, 99)],
    [one, ys],
    [tf.fill([100, 6, 6, 3], Number.NaN), ys],
  ];
  for (const [x, y] of others)
    expect(
      isSameData(mine as NonNullable<typeof mine>, (await dataDigest(source(x, y), 16)) as NonNullable<typeof mine>),
    ).toBe(false);
});

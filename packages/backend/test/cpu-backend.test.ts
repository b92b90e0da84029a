import { cpuBackend, openBackend, plugins } from "@graftjs/backend";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";

it("says which import is missing, and opens the backend once it is there", async () => {
  expect(await cpuBackend().availability()).toMatchObject({
    ok: false,
    fix: expect.stringContaining("tfjs-backend-cpu"),
  });
  await expect(openBackend([cpuBackend()])).rejects.toThrow(/cpu: tfjs's cpu backend is not loaded/);
  await import("@tensorflow/tfjs-backend-cpu");
  const session = await openBackend([cpuBackend()]);
  expect(session.name).toBe("cpu");
  expect(tf.getBackend()).toBe("cpu");
  await session.dispose();
});

it("is the backend that recipes call cpu", () => {
  expect(plugins.some(({ kind, name }) => kind === "backend" && name === "cpu")).toBe(true);
});

it("lists in the session why the backends before it could not do the job", async () => {
  const absent = {
    name: "absent",
    device: "gpu" as const,
    availability: async () => ({ ok: false as const, reason: "no card", fix: "buy one" }),
    init: async () => Promise.reject(new Error("never asked")),
  };
  const broken = { ...cpuBackend(), name: "broken", init: async () => Promise.reject(new Error("fell out")) };
  const session = await openBackend([absent, broken, cpuBackend()]);
  expect(session.name).toBe("cpu");
  expect(session.passedOver).toEqual(["absent: no card (buy one)", "broken: fell out"]);
});

it("computes batch norm along any axis and products of repeated batches while it is open", async () => {
  await import("@tensorflow/tfjs-backend-cpu");
  const stock = tf.getKernel("FusedBatchNorm", "cpu")?.kernelFunc;
  const session = await openBackend([cpuBackend()]);
  const random = (shape: number[], seed: number): tf.Tensor => tf.randomUniform(shape, 0.5, 2, "float32", seed);
  const near = (tensor: tf.Tensor): unknown[] => [...tensor.dataSync()].map((value) => expect.closeTo(value, 4));
  const x = random([2, 3, 4, 5], 1) as tf.Tensor4D;
  for (const axis of [0, 1, 2, 3]) {
    const shape = x.shape.map((size, i) => (i === axis ? size : 1));
    const factors = [2, 3, 4, 5].map((seed) => random(shape, seed) as tf.Tensor4D);
    const [mean, variance, offset, scale] = factors as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
    const defined = tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-3))), scale), offset);
    expect([...tf.batchNorm(x, mean, variance, offset, scale, 1e-3).dataSync()]).toEqual(near(defined));
  }
  const [a, b] = [random([2, 1, 3, 4], 6), random([1, 3, 4, 2], 7)];
  const each = [0, 1].flatMap((i) =>
    [0, 1, 2].map((j) =>
      tf.matMul(tf.reshape(tf.slice(a, i, 1), [3, 4]), tf.reshape(tf.slice(b, [0, j], [1, 1]), [4, 2]) as tf.Tensor2D),
    ),
  );
  const product = tf.matMul(a, b);
  expect(product.shape).toEqual([2, 3, 3, 2]);
  expect([...product.dataSync()]).toEqual(near(tf.stack(each)));
  await session.dispose();
  expect(tf.getKernel("FusedBatchNorm", "cpu")?.kernelFunc).toBe(stock);
});

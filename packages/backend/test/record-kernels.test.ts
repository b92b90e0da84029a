import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import { cpuBackend, openBackend, recordKernels } from "@graftjs/backend";
import type { BackendAdapter, Capabilities } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";

/** Makes a backend that has all of cpu's kernels except `without`, and reports that it cannot train. */
function partial(name: string, without: string): BackendAdapter {
  const capabilities: Capabilities = { missingKernels: [without], floatBits: 32, syncRead: true };
  return {
    name,
    device: "cpu",
    availability: async () => ({ ok: true, capabilities }),
    async init() {
      const cpu = tf.findBackendFactory("cpu") as () => tf.KernelBackend;
      tf.registerBackend(name, cpu);
      for (const kernel of tf.getKernelsForBackend("cpu")) {
        if (kernel.kernelName !== without) tf.registerKernel({ ...kernel, backendName: name });
      }
      await tf.setBackend(name);
      return {
        name,
        capabilities,
        async dispose() {
          await tf.setBackend("cpu");
          for (const { kernelName } of tf.getKernelsForBackend(name)) tf.unregisterKernel(kernelName, name);
          tf.removeBackend(name);
        },
      };
    },
  };
}

// A step of a net with a dense layer, and of one with a convolution.
const dense = (): unknown => {
  const [x, w] = [tf.ones([2, 3]), tf.ones([3, 1])];
  return tf.tidy(() => tf.grad((v: tf.Tensor) => tf.sum(tf.sigmoid(tf.matMul(x, v as tf.Tensor2D))))(w));
};
const conv = (): unknown => {
  const [x, w] = [tf.ones([1, 4, 4, 1]), tf.ones([2, 2, 1, 1])];
  return tf.tidy(() => tf.grad((v: tf.Tensor) => tf.sum(tf.conv2d(x as tf.Tensor4D, v as tf.Tensor4D, 1, "same")))(w));
};

it("records only the kernels of the step", async () => {
  await tf.setBackend("cpu");
  const kernels = await recordKernels(() => tf.tidy(() => void dense()));
  expect(kernels).toEqual(expect.arrayContaining(["BatchMatMul", "Sigmoid", "Sum"]));
  expect(kernels).not.toContain("Conv2D");
  expect(kernels.every((name) => tf.getKernel(name, "cpu"))).toBe(true);
});

it("restores the registry, even if the work throws", async () => {
  const before = tf.getKernelsForBackend("cpu");
  await expect(recordKernels(async () => Promise.reject(new Error("no data")))).rejects.toThrow("no data");
  expect(tf.getKernelsForBackend("cpu")).toEqual(before);
});

it("opens the first backend that can run this model, even if it lacks other kernels, and lists what the others lack", async () => {
  await tf.setBackend("cpu");
  const adapters = [partial("half", "Conv2DBackpropFilter"), cpuBackend()];
  const first = await openBackend(adapters, { kernels: await recordKernels(() => tf.tidy(() => void dense())) });
  expect([first.name, first.passedOver]).toEqual(["half", undefined]);
  await first.dispose();
  const kernels = await recordKernels(() => tf.tidy(() => void conv()));
  const second = await openBackend(adapters, { kernels });
  expect(second.name).toBe("cpu");
  expect(second.passedOver).toEqual(["half: cannot run this model, lacks Conv2DBackpropFilter"]);
  // The refused backend was closed.
  expect(tf.findBackendFactory("half")).toBeNull();
  await expect(openBackend(adapters.slice(0, 1), { kernels })).rejects.toThrow(/None of 1 backends can run this model/);
});

import { replaceKernels } from "@graftjs/backend";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, expect, it } from "vitest";

const BACKEND = "fake";
const NAME = "Twice";
const kernel = (): tf.KernelFunc => () => [];
const stock: tf.KernelConfig = { kernelName: NAME, backendName: BACKEND, kernelFunc: kernel(), setupFunc: () => {} };
const current = (): tf.KernelConfig | undefined => tf.getKernel(NAME, BACKEND);

beforeEach(() => tf.registerKernel(stock));
afterEach(() => {
  for (const { kernelName } of tf.getKernelsForBackend(BACKEND)) tf.unregisterKernel(kernelName, BACKEND);
});

it("replaces a kernel, keeps its set-up function, and puts it back once", () => {
  const ours = kernel();
  const registration = replaceKernels(BACKEND, { [NAME]: ours });
  expect(current()).toMatchObject({ kernelFunc: ours, setupFunc: stock.setupFunc });
  registration.dispose();
  registration.dispose();
  expect(current()).toBe(stock);
});

it("adds a kernel that the backend lacks, and removes it", () => {
  const registration = replaceKernels(BACKEND, { New: kernel() });
  expect(tf.getKernel("New", BACKEND)).toBeDefined();
  registration.dispose();
  expect(tf.getKernel("New", BACKEND)).toBeUndefined();
});

it.each([
  [0, 1],
  [1, 0],
])("ends with the original kernel if two replacements are disposed in the order %i, %i", (first, second) => {
  const kernels = [kernel(), kernel()];
  const registrations = kernels.map((kernelFunc) => replaceKernels(BACKEND, { [NAME]: kernelFunc }));
  registrations[first]?.dispose();
  expect(current()?.kernelFunc).toBe(kernels[second]);
  registrations[second]?.dispose();
  expect(current()).toBe(stock);
});

it("keeps a kernel that someone else has registered on top", () => {
  const registration = replaceKernels(BACKEND, { [NAME]: kernel() });
  const other: tf.KernelConfig = { kernelName: NAME, backendName: BACKEND, kernelFunc: kernel() };
  tf.unregisterKernel(NAME, BACKEND);
  tf.registerKernel(other);
  registration.dispose();
  expect(current()).toBe(other);
});

import { replaceKernels } from "@graftjs/backend";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, expect, it } from "vitest";

const NAME = "GraftTest";
const BACKEND = "test";
const calls: string[] = [];
const kernel = (name: string) => (): tf.KernelFunc => () => {
  calls.push(name);
  return [];
};
const wrapper =
  (name: string) =>
  (below: tf.KernelConfig | undefined): tf.KernelFunc =>
  (params) => {
    calls.push(name);
    return below ? below.kernelFunc(params) : [];
  };
const run = (): string[] => {
  calls.length = 0;
  tf.getKernel(NAME, BACKEND)?.kernelFunc({ inputs: {}, attrs: {}, backend: {} });
  return [...calls];
};
const setupFunc = (): void => {};

beforeEach(() =>
  tf.registerKernel({ kernelName: NAME, backendName: BACKEND, kernelFunc: kernel("stock")(), setupFunc }),
);
afterEach(() => tf.unregisterKernel(NAME, BACKEND));

it("puts the stock kernel back, and keeps its set-up function meanwhile", () => {
  const stock = tf.getKernel(NAME, BACKEND);
  const registration = replaceKernels(BACKEND, { [NAME]: wrapper("ours") });
  expect(run()).toEqual(["ours", "stock"]);
  expect(tf.getKernel(NAME, BACKEND)?.setupFunc).toBe(setupFunc);
  registration.dispose();
  registration.dispose();
  expect(tf.getKernel(NAME, BACKEND)).toBe(stock);
});

it("replaces the kernels of a session that was never disposed", () => {
  const lost = replaceKernels(BACKEND, { [NAME]: wrapper("lost") });
  const registration = replaceKernels(BACKEND, { [NAME]: wrapper("ours") });
  expect(run()).toEqual(["ours", "stock"]);
  lost.dispose();
  expect(run()).toEqual(["ours", "stock"]);
  registration.dispose();
  expect(run()).toEqual(["stock"]);
});

it("puts nested registrations on top of one another", () => {
  const lower = replaceKernels(BACKEND, { [NAME]: wrapper("lower") }, { nested: true });
  const upper = replaceKernels(BACKEND, { [NAME]: wrapper("upper") }, { nested: true });
  expect(run()).toEqual(["upper", "lower", "stock"]);
  upper.dispose();
  expect(run()).toEqual(["lower", "stock"]);
  lower.dispose();
  expect(run()).toEqual(["stock"]);
});

it("leaves a kernel that other code has registered since", () => {
  const registration = replaceKernels(BACKEND, { [NAME]: wrapper("ours") });
  tf.unregisterKernel(NAME, BACKEND);
  tf.registerKernel({ kernelName: NAME, backendName: BACKEND, kernelFunc: kernel("other")() });
  registration.dispose();
  expect(run()).toEqual(["other"]);
});

import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import { BackendError, OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { beforeEach, expect, it } from "vitest";
import { registerTrainingKernels } from "../src/index.ts";
import type { WasmBackend } from "../src/stock-backend/wasm-backend.ts";

const standing = (): unknown[] => [
  tf.getKernel("MaxPoolGrad", "wasm")?.kernelFunc,
  tf.getKernel("Conv2DBackpropFilter", "wasm"),
  tf.getGradient("Maximum"),
];
const stock = standing();

function thrown(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("It did not throw.");
}

beforeEach(async () => {
  await tf.setBackend("wasm");
});

it("throws if another backend is current, and says what to do", async () => {
  await tf.setBackend("cpu");
  const error = thrown(() => registerTrainingKernels());
  expect(error).toBeInstanceOf(BackendError);
  expect(error.message).toMatch(/current backend is "cpu".*tf\.setBackend\("wasm"\)/s);
  expect(standing()).toEqual(stock);
});

it("throws if the backend was disposed", () => {
  const backend = tf.backend() as unknown as { wasm: unknown };
  const { wasm } = backend;
  backend.wasm = null;
  const error = thrown(() => registerTrainingKernels());
  backend.wasm = wasm;
  expect(error).toBeInstanceOf(BackendError);
  expect(error.message).toContain("was disposed");
  expect(standing()).toEqual(stock);
});

it("throws for an unknown option or a wrong value", () => {
  expect(() => registerTrainingKernels({ kernels: "fast" } as never)).toThrow(OptionsError);
  expect(() => registerTrainingKernels({ kernel: "simd" } as never)).toThrow(/kernels/);
  expect(standing()).toEqual(stock);
});

it("undoes everything if the heap cannot be guarded, and the next call works", () => {
  const { wasm } = tf.backend() as WasmBackend;
  const free = wasm._free;
  wasm._free = () => {
    throw new Error("no heap today");
  };
  const error = thrown(() => registerTrainingKernels());
  wasm._free = free;
  expect(error.message).toBe("no heap today");
  expect(standing()).toEqual(stock);
  const registration = registerTrainingKernels();
  expect(standing()).not.toEqual(stock);
  registration.dispose();
  expect(standing()).toEqual(stock);
});

it("a gradient that tfjs lacks works on the other backends too while a session is open", async () => {
  const registration = registerTrainingKernels();
  await tf.setBackend("cpu");
  const [a, b] = [tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])];
  // By hand: the derivative of (ab)² by a is 2 (ab) bᵀ, and ab is 11.
  const grad = tf.grad((x) => tf.sum(tf.square(tf.einsum("ij,jk->ik", x, b))))(a);
  expect([...grad.dataSync()]).toEqual([66, 88]);
  registration.dispose();
});

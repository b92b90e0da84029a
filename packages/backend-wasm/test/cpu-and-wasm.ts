import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { registerTrainingKernels, wasmBackend } from "../src/index.ts";

/** Defines tests twice: on the SIMD kernels, and on the composed kernels of engines without SIMD. */
export function describeEachLevel(define: (level: "simd" | "composed") => void): void {
  describe.each(["simd", "composed"] as const)("%s kernels", (level) => {
    let registration: ReturnType<typeof registerTrainingKernels>;
    beforeAll(async () => {
      await (await wasmBackend().init()).dispose();
      registration = registerTrainingKernels({ kernels: level });
    });
    afterAll(async () => {
      await tf.setBackend("wasm");
      registration.dispose();
    });
    define(level);
  });
}

/** Numbers for which float32 functions are often wrong, with both signs. */
export const NASTY: readonly number[] = [
  0,
  1e-45,
  1e-40,
  1.17e-38,
  1e-20,
  1e-10,
  1e-7,
  1e-4,
  0.1,
  0.5,
  0.999,
  1,
  1.5,
  2.5,
  3,
  6,
  9,
  30,
  87,
  88.8,
  100,
  103,
  1e3,
  12345.678,
  8388608.5,
  16777217,
  1e10,
  1e20,
  3.4e38,
  Infinity,
  NaN,
].flatMap((x) => [x, -x]);

/** Runs `run` on cpu and on wasm and returns its numbers. Expects that no tensor is left. */
export async function runOnCpuAndWasm(run: () => tf.Tensor): Promise<[number[], number[]]> {
  const results: number[][] = [];
  for (const backend of ["cpu", "wasm"]) {
    await tf.setBackend(backend);
    const before = tf.memory().numTensors;
    results.push(tf.tidy(() => [...run().dataSync()]));
    expect(tf.memory().numTensors).toBe(before);
  }
  return results as [number[], number[]];
}

/** Expects numbers that are equal within 1e-5, with the same NaN and infinities. */
export function expectSame([cpu, wasm]: readonly [number[], number[]], inputs: readonly number[] = []): void {
  expect(wasm.length).toBe(cpu.length);
  for (const [i, expected] of cpu.entries()) {
    const actual = wasm[i] as number;
    const same = expected === actual || (Number.isNaN(expected) && Number.isNaN(actual));
    if (!same) {
      expect(Math.abs(actual - expected), `${inputs[i] ?? i}: ${actual}, cpu ${expected}`).toBeLessThanOrEqual(
        1e-5 * Math.abs(expected),
      );
    }
  }
}

/** Functions of one number. */
export const UNARY: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
  abs: tf.abs,
  acos: tf.acos,
  acosh: tf.acosh,
  asin: tf.asin,
  asinh: tf.asinh,
  atan: tf.atan,
  atanh: tf.atanh,
  ceil: tf.ceil,
  clip: (x) => tf.clipByValue(x, -2, 3),
  cos: tf.cos,
  cosh: tf.cosh,
  exp: tf.exp,
  expm1: tf.expm1,
  floor: tf.floor,
  isNaN: tf.isNaN,
  leakyRelu: (x) => tf.leakyRelu(x, 0.2),
  log: tf.log,
  log1p: tf.log1p,
  reciprocal: tf.reciprocal,
  relu: tf.relu,
  relu6: tf.relu6,
  round: tf.round,
  rsqrt: tf.rsqrt,
  sigmoid: tf.sigmoid,
  sign: tf.sign,
  sin: tf.sin,
  sinh: tf.sinh,
  softplus: tf.softplus,
  sqrt: tf.sqrt,
  square: tf.square,
  tan: tf.tan,
  tanh: tf.tanh,
  toBool: (x) => tf.cast(tf.cast(x, "bool"), "float32"),
};

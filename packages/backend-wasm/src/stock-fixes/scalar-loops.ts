import type * as tf from "@tensorflow/tfjs-core";
import type { WasmBackend } from "../stock-backend/wasm-backend.ts";

/**
 * Makes a kernel that applies a function to each number in JavaScript. It is as exact as cpu, supports every dtype, and is about
 * as fast as stock's loop.
 */
function scalarLoop(functionOf: (attrs: tf.NamedAttrMap) => (x: number) => number): tf.KernelFunc {
  return (params) => {
    const { x } = params.inputs as unknown as { readonly x: tf.TensorInfo };
    const backend = params.backend as WasmBackend;
    const f = functionOf(params.attrs ?? {});
    const y = backend.makeOutput(x.shape, x.dtype);
    // The views are taken after the allocation, because it may move the heap.
    const [from, to] = [backend.typedArrayFromHeap(x), backend.typedArrayFromHeap(y)];
    for (let i = 0; i < from.length; i++) to[i] = f(from[i] as number);
    return y;
  };
}

/** Clamps a number. Math.min and Math.max keep NaN, as cpu does. */
const clamp = (low: number, high: number) => (x: number) => Math.min(high, Math.max(low, x));

/** Kernels whose stock results are wrong, and which SIMD would hardly speed up. */
export const scalarKernels: { readonly [kernelName: string]: tf.KernelFunc } = {
  // Stock interprets the bits of integers as floats.
  ClipByValue: scalarLoop(({ clipValueMin, clipValueMax }) => clamp(clipValueMin as number, clipValueMax as number)),
  // Stock loses small arguments: sin(1e-10) is 1.7e-7. Beyond 1e20 its results are arbitrary.
  Cos: scalarLoop(() => Math.cos),
  Sin: scalarLoop(() => Math.sin),
  // Stock computes log(1 + x), which is 0 below 6e-8.
  Log1p: scalarLoop(() => Math.log1p),
};

const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

/** Kernels for engines without SIMD. With SIMD our own kernels are faster. */
export const scalarKernelsWithoutSimd: { readonly [kernelName: string]: tf.KernelFunc } = {
  Relu: scalarLoop(() => clamp(0, Number.POSITIVE_INFINITY)),
  Relu6: scalarLoop(() => clamp(0, 6)),
  Selu: scalarLoop(() => (x) => SELU_SCALE * (x >= 0 ? x : SELU_ALPHA * Math.expm1(x))),
  Sigmoid: scalarLoop(() => (x) => 1 / (1 + Math.exp(-x))),
  Sign: scalarLoop(() => (x) => Number(x > 0) - Number(x < 0)),
};

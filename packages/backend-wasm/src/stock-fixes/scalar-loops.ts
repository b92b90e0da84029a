import type * as tf from "@tensorflow/tfjs-core";
import type { WasmBackend } from "../heap/heap.ts";

/** A function of one tensor, number by number in JavaScript: as exact as cpu, of every dtype, and about as fast as stock's loop. */
function scalarLoop(functionOf: (attrs: tf.NamedAttrMap) => (x: number) => number): tf.KernelFunc {
  return (params) => {
    const { x } = params.inputs as unknown as { readonly x: tf.TensorInfo };
    const backend = params.backend as WasmBackend;
    const f = functionOf(params.attrs ?? {});
    const y = backend.makeOutput(x.shape, x.dtype);
    // After the allocation, which may move the heap.
    const [from, to] = [backend.typedArrayFromHeap(x), backend.typedArrayFromHeap(y)];
    for (let i = 0; i < from.length; i++) to[i] = f(from[i] as number);
    return y;
  };
}

/** Math's two keep NaN, as cpu does. */
const clamp = (low: number, high: number) => (x: number) => Math.min(high, Math.max(low, x));

/** Kernels of which stock's numbers are wrong, and which no SIMD makes faster by much. */
export const scalarKernels: { readonly [kernelName: string]: tf.KernelFunc } = {
  // Stock takes the bits of integers for floats.
  ClipByValue: scalarLoop(({ clipValueMin, clipValueMax }) => clamp(clipValueMin as number, clipValueMax as number)),
  // Stock loses small arguments: sin(1e-10) is 1.7e-7 there, and beyond 1e20 both are off altogether.
  Cos: scalarLoop(() => Math.cos),
  Sin: scalarLoop(() => Math.sin),
  // Stock computes log(1 + x): 0 below 6e-8.
  Log1p: scalarLoop(() => Math.log1p),
};

const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

/** Those that our own kernels are to be preferred to, for engines that cannot run them. */
export const scalarKernelsWithoutSimd: { readonly [kernelName: string]: tf.KernelFunc } = {
  Relu: scalarLoop(() => clamp(0, Number.POSITIVE_INFINITY)),
  Relu6: scalarLoop(() => clamp(0, 6)),
  Selu: scalarLoop(() => (x) => SELU_SCALE * (x >= 0 ? x : SELU_ALPHA * Math.expm1(x))),
  Sigmoid: scalarLoop(() => (x) => 1 / (1 + Math.exp(-x))),
  Sign: scalarLoop(() => (x) => Number(x > 0) - Number(x < 0)),
};

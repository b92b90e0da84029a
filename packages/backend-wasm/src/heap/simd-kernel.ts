import type { KernelFunc, NamedAttrMap, TensorInfo } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { type Heap, heapOf } from "./heap.ts";

/** One call of a kernel. */
export interface Call {
  readonly inputs: { readonly [name: string]: TensorInfo };
  readonly attrs: NamedAttrMap;
  readonly heap: Heap;
}

/** One of our kernels. It returns undefined to leave the case to the stock kernel. */
export type SimdKernel = (call: Call) => TensorInfo | TensorInfo[] | undefined;

/**
 * Wraps one of our kernels as tfjs's kernel type. Cases that it leaves go to `stock`.
 *
 * @throws Error with the kernel's name and the dtypes if stock has no such kernel.
 */
export function asKernelFunc(kernelName: string, kernel: SimdKernel, stock: KernelFunc | undefined): KernelFunc {
  return (params) => {
    const { inputs, attrs, backend } = params;
    const heap = heapOf(backend);
    const result = heap.guarded(() => kernel({ inputs: inputs as Call["inputs"], attrs: attrs ?? {}, heap }));
    if (result !== undefined) return result;
    if (stock) return stock(params);
    const dtypes = Object.entries(inputs).map(([name, tensor]) => `${name}: ${(tensor as TensorInfo)?.dtype}`);
    throw new Error(
      `${kernelName} on wasm takes float32 tensors, got ${dtypes.join(", ")}. Cast them with tf.cast, or use the cpu backend.`,
    );
  };
}

/** Returns the input with that name. tfjs always passes it. */
export function input(call: Call, name: string): TensorInfo {
  return call.inputs[name] as TensorInfo;
}

/** Returns the number of values in a tensor of this shape. */
export const sizeOf = (shape: readonly number[]): number => tf.util.sizeFromShape(shape as number[]);

/** Returns whether all the tensors are float32. */
export const isFloat = (...tensors: readonly TensorInfo[]): boolean =>
  tensors.every((tensor) => tensor.dtype === "float32");

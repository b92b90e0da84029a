import type { KernelFunc, NamedAttrMap, TensorInfo } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { type Heap, heapOf } from "./heap.ts";

/** One call of a kernel. */
export interface Call {
  readonly inputs: { readonly [name: string]: TensorInfo };
  readonly attrs: NamedAttrMap;
  readonly heap: Heap;
}

/** A kernel of ours. Undefined means: not my case, let the stock kernel do it. */
export type SimdKernel = (call: Call) => TensorInfo | TensorInfo[] | undefined;

/** As tfjs wants it: cases that are not ours go to the kernel that stood there before, or fail by name. */
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

/** The input of that name; tfjs always gives it. */
export function input(call: Call, name: string): TensorInfo {
  return call.inputs[name] as TensorInfo;
}

export const sizeOf = (shape: readonly number[]): number => tf.util.sizeFromShape(shape as number[]);

export const isFloat = (...tensors: readonly TensorInfo[]): boolean =>
  tensors.every((tensor) => tensor.dtype === "float32");

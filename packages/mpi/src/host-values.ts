import { RecipeError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** The wasm backend of tfjs, whose memory can be read without a copy. */
interface HeapBackend {
  typedArrayFromHeap(tensor: tf.Tensor): ArrayLike<number> & ArrayBufferView;
}

/** How the hook gets gradients to the host and back with few copies. */
export interface HostValues {
  /** Returns the values of a gradient. They may be a view of the backend's memory, so read them before the next tensor is made. */
  of(grad: tf.Tensor): ArrayLike<number>;
  /** Returns an array for all gradients of a step. Its numbers are undefined. */
  buffer(length: number): Float32Array;
}

/** @throws RecipeError at the first read if the backend has no synchronous reads */
export function hostValues(): HostValues {
  let kept: Float32Array = new Float32Array(0);
  return {
    of(grad) {
      const heap = heapBackend();
      return heap ? heap.typedArrayFromHeap(grad) : read(grad);
    },
    buffer(length) {
      // `tf.tensor` copies the values into the heap, so the array can be used again. The cpu backend keeps the array itself.
      if (!heapBackend()) return uninitialised(length);
      if (kept.length !== length) kept = uninitialised(length);
      return kept;
    },
  };
}

function heapBackend(): HeapBackend | undefined {
  const backend = tf.backend() as Partial<HeapBackend>;
  return typeof backend.typedArrayFromHeap === "function" ? (backend as HeapBackend) : undefined;
}

/** Makes an array whose numbers are not set to 0 if the runtime can do so, because that costs as much time as a copy. */
function uninitialised(length: number): Float32Array {
  if (typeof Buffer === "undefined") return new Float32Array(length);
  return new Float32Array(Buffer.allocUnsafeSlow(length * 4).buffer);
}

function read(grad: tf.Tensor): Float32Array {
  try {
    return grad.dataSync() as Float32Array;
  } catch (cause) {
    throw new RecipeError(
      `average-gradients reads gradients synchronously, and the backend ${tf.getBackend()} cannot.`,
      "Use the cpu, wasm or native backend, or fineTune with `collective`.",
      { cause },
    );
  }
}

import * as tf from "@tensorflow/tfjs-core";
import type { Heap } from "../../heap/heap.ts";
import { sizeOf } from "../../heap/simd-kernel.ts";
import { forgetPacked } from "../../memory/xnnpack.ts";

/** What a fused kernel was handed, checked as a whole before anything is written. */
export class FusedAttributes {
  readonly heap: Heap;
  readonly #kernel: string;
  readonly #attrs: { readonly [name: string]: unknown };
  readonly #problems: string[] = [];
  readonly #handed: tf.Tensor[] = [];

  constructor(kernel: string, heap: Heap, attrs: { readonly [name: string]: unknown }) {
    this.heap = heap;
    this.#kernel = kernel;
    this.#attrs = attrs;
  }

  /** A list of live float32 tensors. */
  tensors(name: string, like?: readonly tf.Tensor[]): readonly tf.Tensor[] {
    const list = this.#attrs[name];
    if (!Array.isArray(list) || !list.every((entry) => entry instanceof tf.Tensor)) {
      this.#problems.push(`\`${name}\` is not a list of tensors`);
      return [];
    }
    const tensors = list as readonly tf.Tensor[];
    this.#handed.push(...tensors);
    if (like && like.length !== tensors.length) {
      this.#problems.push(`\`${name}\` has ${tensors.length} tensors, expected ${like.length}`);
    }
    for (const [i, tensor] of tensors.entries()) {
      if (tensor.isDisposed) this.#problems.push(`\`${name}[${i}]\` is disposed`);
      if (tensor.dtype !== "float32") this.#problems.push(`\`${name}[${i}]\` is ${tensor.dtype}, expected float32`);
      const size = like?.[i]?.size;
      if (size !== undefined && size !== tensor.size) {
        this.#problems.push(`\`${name}[${i}]\` has ${tensor.size} values, expected ${size}`);
      }
    }
    return tensors;
  }

  /** One number, boolean or string for each of `count` tensors. */
  list<T extends number | boolean>(name: string, count: number): readonly T[] {
    const list = this.#attrs[name];
    if (
      !Array.isArray(list) ||
      list.length !== count ||
      list.some((entry) => typeof entry !== "number" && typeof entry !== "boolean")
    ) {
      this.#problems.push(`\`${name}\` is not a list of ${count} values`);
      return [];
    }
    return list as readonly T[];
  }

  /** One float32 tensor of `size` values. */
  tensor(name: string, size?: number): tf.Tensor {
    const value = this.#attrs[name];
    if (
      !(value instanceof tf.Tensor) ||
      value.isDisposed ||
      value.dtype !== "float32" ||
      (size !== undefined && value.size !== size)
    ) {
      this.#problems.push(`\`${name}\` is not a live float32 tensor${size === undefined ? "" : ` of ${size} values`}`);
    }
    this.#handed.push(value as tf.Tensor);
    return value as tf.Tensor;
  }

  number(name: string): number {
    const value = this.#attrs[name];
    if (typeof value !== "number") this.#problems.push(`\`${name}\` is ${String(value)}, expected a number`);
    return value as number;
  }

  /** @throws Error with every problem found; nothing has been written. */
  check(): void {
    if (this.#problems.length === 0) return;
    throw new Error(
      `${this.#kernel}: ${this.#problems.join("; ")}. Nothing was changed. See docs/fused-kernels.md for the attributes.`,
    );
  }

  /**
   * Makes each tensor the only owner of its buffer: what shares it, a backup of the weights say, must not change. All the
   * memory of the step is taken here, before anything is written: tensors are brought from other backends, scratch made.
   */
  own(...lists: readonly (readonly tf.Tensor[])[]): void {
    for (const tensor of this.#handed) this.heap.address(tensor);
    this.heap.reserveScratch();
    for (const tensor of lists.flat()) {
      // Asking for its data brings it here from the backend it was made on; until then `backend.refCount` says 0.
      if (this.heap.backend.dataIdMap.get(tensor.dataId).refCount > 1) replaceByCopy(this.heap, tensor);
    }
  }

  /** Forgets what XNNPACK packed of these tensors. */
  written(...lists: readonly (readonly tf.Tensor[])[]): void {
    for (const tensor of lists.flat()) forgetPacked(this.heap.backend, tensor);
  }
}

/** Gives `tensor` a buffer of its own with the same numbers; the old one goes on with its other owners. */
function replaceByCopy(heap: Heap, tensor: tf.Tensor): void {
  const info = heap.output(tensor.shape);
  const size = sizeOf(tensor.shape);
  heap.floats(info, size).set(heap.floats(tensor, size));
  const fresh = tf.engine().makeTensorFromTensorInfo(info);
  // The two handles change buffers, and the one that now holds the shared buffer lets go of it: tfjs's books stay right.
  const [mine, other] = [tensor, fresh] as { dataId: object }[] as [{ dataId: object }, { dataId: object }];
  [mine.dataId, other.dataId] = [other.dataId, mine.dataId];
  // A later allocation of the same step may fail: the buffer is the live weight by now.
  heap.adopt(info);
  fresh.dispose();
}

import * as tf from "@tensorflow/tfjs-core";
import type { Heap } from "../../heap/heap.ts";
import { forgetPacked } from "../../memory/xnnpack.ts";

/** Names of the attributes in `A` that have the type `V`. */
type NamesOf<A, V> = { [N in keyof A]: A[N] extends V ? N : never }[keyof A] & string;

/**
 * Reads and checks the attributes of a fused kernel, whose types are those of core's `FusedKernels`. {@link check} reports all
 * problems before anything is written.
 */
export class FusedAttributes<A extends object> {
  readonly heap: Heap;
  /** The attributes. Types are not enough, because plain JavaScript and other versions of core may call a kernel, too. */
  readonly attrs: A;
  readonly #kernel: string;
  readonly #problems: string[] = [];
  readonly #tensors: tf.Tensor[] = [];

  constructor(kernel: string, heap: Heap, attrs: A) {
    this.heap = heap;
    this.#kernel = kernel;
    this.attrs = attrs;
  }

  /** Reads a list of live float32 tensors. With `like`, its number and sizes must be the same. */
  tensors(name: NamesOf<A, readonly tf.Tensor[]>, like?: readonly tf.Tensor[]): readonly tf.Tensor[] {
    const list: unknown = this.attrs[name];
    if (!Array.isArray(list) || !list.every((entry) => entry instanceof tf.Tensor)) {
      this.#problems.push(`\`${name}\` is not a list of tensors`);
      return [];
    }
    const tensors = list as readonly tf.Tensor[];
    this.#tensors.push(...tensors);
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

  /** Reads a list of `count` numbers or booleans. */
  list<N extends NamesOf<A, readonly number[] | readonly boolean[]>>(name: N, count: number): A[N] {
    const list: unknown = this.attrs[name];
    if (
      !Array.isArray(list) ||
      list.length !== count ||
      list.some((entry) => typeof entry !== "number" && typeof entry !== "boolean")
    ) {
      this.#problems.push(`\`${name}\` is not a list of ${count} values`);
      return [] as A[N];
    }
    return list as A[N];
  }

  /** Reads one live float32 tensor; with `size`, it must have that number of values. */
  tensor(name: NamesOf<A, tf.Tensor>, size?: number): tf.Tensor {
    const value: unknown = this.attrs[name];
    if (
      !(value instanceof tf.Tensor) ||
      value.isDisposed ||
      value.dtype !== "float32" ||
      (size !== undefined && value.size !== size)
    ) {
      this.#problems.push(`\`${name}\` is not a live float32 tensor${size === undefined ? "" : ` of ${size} values`}`);
    }
    this.#tensors.push(value as tf.Tensor);
    return value as tf.Tensor;
  }

  /** Reads a number. */
  number(name: NamesOf<A, number>): number {
    const value: unknown = this.attrs[name];
    if (typeof value !== "number") this.#problems.push(`\`${name}\` is ${String(value)}, expected a number`);
    return value as number;
  }

  /** Reports the problems. @throws Error with every problem found; nothing has been written. */
  check(): void {
    if (this.#problems.length === 0) return;
    throw new Error(
      `${this.#kernel}: ${this.#problems.join("; ")}. Nothing was changed. See docs/fused-kernels.md for the attributes.`,
    );
  }

  /**
   * Makes each tensor the only owner of its buffer, because tensors that share it, such as a backup of the weights, must not
   * change. All memory of the step is allocated here, before anything is written: tensors are moved from other backends, and
   * the scratch is allocated.
   */
  own(...lists: readonly (readonly tf.Tensor[])[]): void {
    for (const tensor of this.#tensors) this.heap.address(tensor);
    this.heap.reserveScratch();
    for (const tensor of lists.flat()) {
      // The look-up moves the data from the backend that it was created on. Until then `backend.refCount` is 0.
      if (this.heap.backend.dataIdMap.get(tensor.dataId).refCount > 1) replaceByCopy(this.heap, tensor);
    }
  }

  /** Makes XNNPACK discard its packed copies of these tensors. Call it after they have changed. */
  forgetPacked(...lists: readonly (readonly tf.Tensor[])[]): void {
    for (const tensor of lists.flat()) forgetPacked(this.heap.backend, tensor);
  }
}

/** The readers of attributes. A function that reads only some of a kernel's attributes takes this type. */
export type AttributeReader<A extends object> = Pick<FusedAttributes<A>, "attrs" | "list" | "number" | "tensor">;

/** Gives `tensor` a new buffer with the same numbers. The old buffer stays with its other owners. */
function replaceByCopy(heap: Heap, tensor: tf.Tensor): void {
  const info = heap.output(tensor.shape);
  heap.floats(info, tensor.size).set(heap.floats(tensor, tensor.size));
  const fresh = tf.engine().makeTensorFromTensorInfo(info);
  // The two tensors swap buffers, and the temporary one is disposed with the shared buffer. So tfjs's counts stay correct.
  const [mine, other] = [tensor, fresh] as { dataId: object }[] as [{ dataId: object }, { dataId: object }];
  [mine.dataId, other.dataId] = [other.dataId, mine.dataId];
  // The new buffer is the live weight now, so it must be kept if a later allocation of the same step fails.
  heap.adopt(info);
  fresh.dispose();
}

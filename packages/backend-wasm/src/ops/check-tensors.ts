import type * as tf from "@tensorflow/tfjs-core";

/** What an op takes under one name. */
export interface Expected {
  readonly tensor: tf.Tensor;
  /** Sizes of the axes, a word where any size will do; a first "..." stands for any number of axes. */
  readonly shape: readonly (number | string)[];
  /** @default ["float32"] */
  readonly dtypes?: readonly tf.DataType[];
}

/** What tfjs's own ops make float32 of on the way. */
export const NUMBERS: readonly tf.DataType[] = ["float32", "int32", "bool"];

/**
 * Checks what an op was handed before a kernel sees it: kernels know addresses only, and read on past a tensor that is too
 * short, or take the bits of integers for floats.
 *
 * @throws Error that names every tensor that is wrong, what it is and what it should be
 */
export function assertTensors(op: string, tensors: { readonly [name: string]: Expected | undefined }): void {
  const problems = Object.entries(tensors).flatMap(([name, expected]) => {
    if (!expected || matches(expected)) return [];
    const { tensor, shape, dtypes = ["float32"] } = expected;
    return [`\`${name}\` is [${tensor.shape}] ${tensor.dtype}, expected [${shape.join()}] ${dtypes.join(" or ")}`];
  });
  if (problems.length > 0) throw new Error(`${op}: ${problems.join("; ")}. Mend it with tf.reshape or tf.cast.`);
}

function matches({ tensor, shape, dtypes = ["float32"] }: Expected): boolean {
  if (!dtypes.includes(tensor.dtype)) return false;
  const open = shape[0] === "...";
  const sizes = open ? shape.slice(1) : shape;
  if (open ? tensor.rank < sizes.length : tensor.rank !== sizes.length) return false;
  const last = tensor.shape.slice(tensor.rank - sizes.length);
  return sizes.every((size, axis) => typeof size === "string" || size === last[axis]);
}

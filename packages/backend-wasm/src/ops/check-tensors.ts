import type * as tf from "@tensorflow/tfjs-core";

/** The tensor that an op accepts under one name. */
export interface Expected {
  readonly tensor: tf.Tensor;
  /** Sizes of the axes. A word allows any size; "..." in the first place allows any number of axes. */
  readonly shape: readonly (number | string)[];
  /** @default ["float32"] */
  readonly dtypes?: readonly tf.DataType[];
}

/** The dtypes that tfjs's own ops convert to float32. */
export const NUMBERS: readonly tf.DataType[] = ["float32", "int32", "bool"];

/** Expects a tensor with any axes before the channels, the last axis. */
export const rows = (x: tf.Tensor): Expected => ({ tensor: x, shape: ["...", "C"], dtypes: NUMBERS });

/** Expects a tensor with one number per channel of `x`. */
export const perChannel = (x: tf.Tensor, tensor: tf.Tensor): Expected => ({ tensor, shape: [x.shape.at(-1) ?? "C"] });

/**
 * Checks the tensors of an op before a kernel runs. Kernels only see addresses: they would read past the end of a tensor that
 * is too short, and interpret the bits of integers as floats.
 *
 * @throws Error that names every wrong tensor, with its actual and expected shape and dtype
 */
export function assertTensors(op: string, tensors: { readonly [name: string]: Expected | undefined }): void {
  const problems = Object.entries(tensors).flatMap(([name, expected]) => {
    if (!expected || matches(expected)) return [];
    const { tensor, shape, dtypes = ["float32"] } = expected;
    return [`\`${name}\` is [${tensor.shape}] ${tensor.dtype}, expected [${shape.join()}] ${dtypes.join(" or ")}`];
  });
  if (problems.length > 0) throw new Error(`${op}: ${problems.join("; ")}. Fix it with tf.reshape or tf.cast.`);
}

function matches({ tensor, shape, dtypes = ["float32"] }: Expected): boolean {
  if (!dtypes.includes(tensor.dtype)) return false;
  const open = shape[0] === "...";
  const sizes = open ? shape.slice(1) : shape;
  if (open ? tensor.rank < sizes.length : tensor.rank !== sizes.length) return false;
  const last = tensor.shape.slice(tensor.rank - sizes.length);
  return sizes.every((size, axis) => typeof size === "string" || size === last[axis]);
}

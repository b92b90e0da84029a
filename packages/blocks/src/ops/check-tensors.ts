import { OptionsError } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";

const FIX = "Fix it with tf.reshape or tf.cast.";
const NUMBERS: readonly tf.DataType[] = ["float32", "int32", "bool"];

/**
 * Checks an argument of an op before a kernel runs. Kernels see addresses only: they would read past the end of a tensor that is too
 * short.
 *
 * @param rank the smallest number of axes
 * @throws OptionsError
 */
export function assertTensor(op: string, name: string, { shape, dtype }: tf.Tensor, rank = 0): void {
  if (NUMBERS.includes(dtype) && shape.length >= rank) return;
  const axes = rank === 0 ? "" : ` with at least ${rank} ${rank === 1 ? "axis" : "axes"}`;
  throw new OptionsError(`${op}: \`${name}\` is [${shape}] ${dtype}, expected numbers${axes}.`, FIX);
}

/** Checks that an argument is a float32 vector of `size`. @throws OptionsError */
export function assertVector(op: string, name: string, { shape, dtype }: tf.Tensor, size: number): void {
  if (dtype === "float32" && shape.length === 1 && shape[0] === size) return;
  throw new OptionsError(`${op}: \`${name}\` is [${shape}] ${dtype}, expected [${size}] float32.`, FIX);
}

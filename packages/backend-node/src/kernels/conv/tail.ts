import type { NativeTensor } from "../../load/native-backend-types.ts";

/** Upper bound of each activation. 0 stands for linear, as in native/graft_conv.cc. */
export const CEILING: Readonly<Record<string, number>> = { linear: 0, relu: Number.POSITIVE_INFINITY, relu6: 6 };

/**
 * Operations after a convolution, in the same pass: (z − mean)·scale/√(variance + ε) + offset, then relu with the upper bound
 * `ceiling`. The vectors are given by the binding's ids.
 */
export interface Tail {
  readonly mean?: number;
  readonly variance?: number;
  readonly scale?: number;
  readonly offset?: number;
  readonly epsilon?: number;
  /** 0 for linear. */
  readonly ceiling: number;
}

/** A tail without operations. */
export const NO_TAIL: Tail = { ceiling: 0 };

/** Returns the ids of the four vectors in the order of our kernels, -1 for one that is left out. */
export function tailIds({ mean = -1, variance = -1, scale = -1, offset = -1 }: Tail): readonly number[] {
  return [mean, variance, scale, offset];
}

/** A convolution of ours with given operands. Calling it with a tail computes it. */
export type Convolution = (tail: Tail) => NativeTensor;

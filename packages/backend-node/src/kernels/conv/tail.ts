import type { NativeTensor } from "../../load/native-backend-types.ts";

/** Up to where an activation passes its input on; 0 stands for linear, as in native/graft_conv.cc. */
export const CEILING: Readonly<Record<string, number>> = { linear: 0, relu: Number.POSITIVE_INFINITY, relu6: 6 };

/** What follows a convolution in the same pass: (z − mean)·scale/√(variance + ε) + offset, then relu up to `ceiling`. By binding numbers. */
export interface Tail {
  readonly mean?: number;
  readonly variance?: number;
  readonly scale?: number;
  readonly offset?: number;
  readonly epsilon?: number;
  /** 0: linear. */
  readonly ceiling: number;
}

/** Nothing follows. */
export const NO_TAIL: Tail = { ceiling: 0 };

/** The four vectors as our kernels take them, -1 for one that is left out. */
export function tailIds({ mean = -1, variance = -1, scale = -1, offset = -1 }: Tail): readonly number[] {
  return [mean, variance, scale, offset];
}

/** A convolution of ours with its operands chosen: computes when it is told what follows. */
export type Convolution = (tail: Tail) => NativeTensor;

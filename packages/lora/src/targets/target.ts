import type { CallableLayer, NamedWeight, WeightLike } from "@graftjs/core";

/**
 * How a layer uses a weight. `dense`, `conv`, `transposed` and `embedding` are computed beside the layer's own product. For
 * `inside`, such as the kernels of recurrent layers, the layer computes with the changed kernel.
 */
export type TargetKind = "dense" | "conv" | "transposed" | "embedding" | "inside";

/** A weight that an adapter can change. */
export interface Target {
  /** Stable name of the weight: `encoder/q/kernel`. */
  readonly name: string;
  /** Stable path of the layer. A wrapper counts as one layer. */
  readonly path: string;
  readonly kind: TargetKind;
  /** The layer whose `call` uses the weight. */
  readonly layer: CallableLayer;
  readonly weight: NamedWeight;
  /** The layer's own object for the weight. */
  readonly holder: WeightLike;
  /** Number of outputs: the size of the kernel's output axis. */
  readonly outputs: number;
  /** Number of values that one output reads: the product of the other axes. */
  readonly fanIn: number;
}

/** Returns the shape of the kernel with `size` instead of its number of outputs. */
export function withOutputs({ weight: { shape }, kind }: Target, size: number): number[] {
  const axis = outputAxis(kind, shape.length);
  return shape.map((side, i) => (i === axis ? size : side));
}

/** Returns the axis of a kernel that indexes its outputs. */
export function outputAxis(kind: TargetKind, rank: number): number {
  return kind === "transposed" ? rank - 2 : rank - 1;
}

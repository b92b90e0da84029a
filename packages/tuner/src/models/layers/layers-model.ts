import type { LayerLike, LayersLike } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";

/** The little of a tfjs-layers `SymbolicTensor` that walking a graph needs. */
export interface SymbolicLike {
  readonly id: number;
  readonly name: string;
  readonly shape: readonly (number | null)[];
  readonly dtype: tf.DataType;
  readonly sourceLayer: CallableLayer;
  readonly inputs: readonly SymbolicLike[];
  /** Which application of `sourceLayer` made it: a shared layer has several. */
  readonly nodeIndex: number;
  /** Which of the layer's outputs it is. */
  readonly tensorIndex: number;
}

/** The little of a tfjs-layers layer that running it needs. */
export interface CallableLayer extends LayerLike {
  readonly supportsMasking: boolean;
  readonly stateful: boolean;
  // Parameters are `never`, so that a real layer, whose `apply` also takes symbolic tensors, fits.
  apply(inputs: tf.Tensor[], kwargs?: object): unknown;
  computeMask(inputs: tf.Tensor[], mask?: tf.Tensor[]): unknown;
  getConfig(): object;
  /** One scalar for each regularizer of each weight. */
  calculateLosses(): tf.Scalar[];
}

/** The little of a `tf.LayersModel` (functional or sequential) that the tuner needs; keeps it free of `tfjs-layers`. */
export interface LayersModelLike extends LayersLike {
  readonly inputs: readonly SymbolicLike[];
  readonly outputs: readonly SymbolicLike[];
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
}

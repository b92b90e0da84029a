import type { LayerLike, LayersLike } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";

/** The part of tfjs-layers' `SymbolicTensor` that is needed to walk a graph. */
export interface SymbolicLike {
  readonly id: number;
  readonly name: string;
  readonly shape: readonly (number | null)[];
  readonly dtype: tf.DataType;
  readonly sourceLayer: CallableLayer;
  readonly inputs: readonly SymbolicLike[];
  /** Index of the application of `sourceLayer` that made this tensor. A shared layer has several applications. */
  readonly nodeIndex: number;
  /** Index among the layer's outputs. */
  readonly tensorIndex: number;
}

/** The part of a tfjs-layers layer that is needed to run it. */
export interface CallableLayer extends LayerLike {
  readonly supportsMasking: boolean;
  readonly stateful: boolean;
  // Method syntax, so that a real layer fits although its `apply` also takes symbolic tensors.
  apply(inputs: tf.Tensor[], kwargs?: object): unknown;
  computeMask(inputs: tf.Tensor[], mask?: tf.Tensor[]): unknown;
  getConfig(): object;
  /** Computes one scalar for each regularizer of each weight. */
  calculateLosses(): tf.Scalar[];
}

/** The part of `tf.LayersModel` (functional or sequential) that the tuner needs. Avoids a dependency on `tfjs-layers`. */
export interface LayersModelLike extends LayersLike {
  readonly inputs: readonly SymbolicLike[];
  readonly outputs: readonly SymbolicLike[];
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
}

import type * as tf from "@tensorflow/tfjs-core";

/** The part of a tfjs-layers weight that naming needs. */
export interface WeightLike {
  readonly originalName: string;
  readonly trainable?: boolean;
  readonly constraint?: unknown;
  read(): tf.Tensor;
}

/** The part of a tfjs-layers layer that naming, selecting and patching need. It keeps core free of `tfjs-layers`. */
export interface LayerLike {
  readonly name: string;
  trainable: boolean;
  readonly weights: readonly WeightLike[];
  readonly trainableWeights: readonly WeightLike[];
  getClassName(): string;
}

/** The part of a `tf.LayersModel` (or `tf.Sequential`) that core needs. */
export interface LayersLike {
  readonly name: string;
  readonly layers: readonly LayerLike[];
}

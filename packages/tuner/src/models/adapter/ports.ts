import type * as tf from "@tensorflow/tfjs-core";

/** Names and shapes of a model's inputs and outputs. Data are checked against them. */
export interface Ports {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** One input or output. Axis 0 of its shape is the batch; null means any size. */
export interface Port {
  readonly shape: readonly (number | null)[];
  /** The dtype that an input is cast to. Without one, inputs are used unchanged. */
  readonly dtype?: tf.DataType | undefined;
}

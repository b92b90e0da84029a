import type * as tf from "@tensorflow/tfjs-core";

/** What a selector or a hook may know of a parameter before training. Never its value. */
export interface ParamInfo {
  /** Stable path `layer/role`, e.g. `head/kernel`: free of the `_1` that tfjs adds when a name is taken. */
  readonly name: string;
  /** Path of the layer in the model. In a wrapper the inner layer stands between layer and role: `bi/forward/kernel`. */
  readonly layer: string;
  /** Last segment of the name: `kernel`, `bias`, `gamma`, `beta`, `embeddings`, ... */
  readonly role: string;
  readonly shape: readonly number[];
  /**
   * Axes that index output units: tfjs kernels are IO, HWIO and HW-in-mult, not PyTorch's layout. Every axis where each
   * element is a unit of its own (bias, gamma, alpha); none where the tensor is one number.
   */
  readonly unitAxes: readonly number[];
}

/** A parameter and the variable that holds it. */
export interface Param extends ParamInfo {
  readonly variable: tf.Variable;
  /** Applied to the new value after each update: a layer's `kernelConstraint`, which stock optimizers ignore. */
  readonly constraint?: (value: tf.Tensor) => tf.Tensor;
}

import type { Param } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import type { Target } from "../targets/target.ts";

/** A kernel with its bias. Layers without a bias leave it out. */
export interface LinearWeights {
  readonly kernel: tf.Tensor;
  readonly bias?: tf.Tensor | undefined;
}

/** One method's change of one layer: y = act(output(product(L(input(x))) + bias)). All functions are differentiable. */
export interface Change {
  readonly target: Target;
  /** The parameters that the method added. */
  readonly params: readonly Param[];
  /** Tensors that the change needs besides its parameters. They are freed with it. */
  readonly constants?: readonly tf.Tensor[];
  /** Changes the input of the linear map. */
  input?(x: tf.Tensor): tf.Tensor;
  /**
   * Changes the product of the input and the kernel, before the bias.
   *
   * @param z L(x, kernel), channels last.
   * @param training whether dropout is active.
   */
  product?(x: tf.Tensor, z: tf.Tensor, kernel: tf.Tensor, training: boolean): tf.Tensor;
  /** Changes the sum of the product and the bias, before the activation. */
  output?(z: tf.Tensor): tf.Tensor;
  /** Returns the weights with which the plain layer computes the same. */
  merge(weights: LinearWeights): LinearWeights;
}

/** Makes the change of one layer. The caller owns the variables of its parameters. */
export type Method = (target: Target) => Change;

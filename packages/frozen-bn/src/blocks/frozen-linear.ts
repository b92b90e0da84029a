import * as tf from "@tensorflow/tfjs-core";
import type { Activation } from "./activation.ts";
import type { LinearLayer } from "./linear-layer.ts";
import { computeAndRelease } from "./release-gradients.ts";

export interface FrozenLinearOptions {
  /** What is added before the activation, computed off the tape. */
  readonly bias?: (() => tf.Tensor) | undefined;
  /** Applied by the kernel; its gradient is the caller's, who passes ∂ before the activation. @default "linear" */
  readonly activation?: Activation;
}

/**
 * act(L(x, kernel) + bias) with a constant kernel: keeps nothing for the backward pass, which is the input gradient alone.
 *
 * tfjs's fused convolution computes the gradient of the filter as soon as one of the input is asked for, frozen or not, and
 * every convolution keeps its input for it.
 */
export function frozenLinear(
  x: tf.Tensor,
  kernel: tf.Tensor,
  linear: LinearLayer,
  { bias, activation = "linear" }: FrozenLinearOptions = {},
): tf.Tensor {
  const { shape } = x;
  // What the gradient captures must outlive the forward pass, as a folded kernel does not by itself.
  const op = tf.customGrad((input, save) => {
    (save as tf.GradSaveFunc)([kernel]);
    return {
      value: linear.forward(input as tf.Tensor, kernel, bias?.(), activation),
      gradFunc: (dy, saved) => {
        const [kept] = saved as tf.Tensor[];
        return computeAndRelease(dy as tf.Tensor, saved as tf.Tensor[], () => [
          linear.inputGradient(shape, dy as tf.Tensor, kept as tf.Tensor),
        ]);
      },
    };
  });
  return op(x);
}

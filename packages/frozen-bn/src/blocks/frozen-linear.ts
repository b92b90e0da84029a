import * as tf from "@tensorflow/tfjs-core";
import type { Activation } from "./activation.ts";
import type { LinearLayer } from "./linear-layer.ts";
import { computeAndRelease } from "./release-gradients.ts";

/** Options of {@link frozenLinear}. */
export interface FrozenLinearOptions {
  /** Computes the tensor that is added before the activation. It runs outside gradient recording. */
  readonly bias?: (() => tf.Tensor) | undefined;
  /** Applied by the kernel. Its gradient is left to the caller, who must pass the ∂ before the activation. @default "linear" */
  readonly activation?: Activation;
}

/**
 * Computes act(L(x, kernel) + bias) with a constant kernel. It keeps only the kernel for the backward pass, and computes
 * only the gradient of the input.
 *
 * The fused convolution of tfjs always computes the gradient of the filter too, even if the filter is frozen. For that it
 * keeps its input.
 */
export function frozenLinear(
  x: tf.Tensor,
  kernel: tf.Tensor,
  linear: LinearLayer,
  { bias, activation = "linear" }: FrozenLinearOptions = {},
): tf.Tensor {
  const { shape } = x;
  // Saving the kernel keeps it alive until the backward pass. A folded kernel could be freed before that.
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

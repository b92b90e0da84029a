import * as tf from "@tensorflow/tfjs-core";

/**
 * Runs a gradient function, then frees its intermediate tensors, the tensors saved for it, and ∂y.
 *
 * tfjs frees them only at the end of the backward pass, which multiplies the memory of a backward pass. Nothing is freed if
 * the caller owns ∂y (`tf.grad(f)(x, dy)`) or if the gradient is part of a second derivative.
 */
export function computeAndRelease(
  dy: tf.Tensor,
  saved: readonly tf.Tensor[],
  gradients: () => tf.Tensor[],
): tf.Tensor[] {
  const internal = isInternalGradient(dy);
  const grads = tf.tidy(() => gradients().map((grad) => (grad === dy ? tf.clone(grad) : grad)));
  if (internal) tf.dispose([dy, ...saved]);
  return grads;
}

/** Tells whether only the current backward pass uses ∂y: the caller does not own it, and no second derivative needs it. */
export function isInternalGradient(dy: tf.Tensor): boolean {
  const { activeScope, gradientDepth } = tf.engine().state;
  return gradientDepth === 0 && dy.scopeId === activeScope?.id;
}

/** Copies `x`. The copy has its own place in gradient recording, for a layer that passes its input on unchanged. */
export function identity(x: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((input) => ({
    value: tf.clone(input as tf.Tensor),
    gradFunc: (dy) => computeAndRelease(dy as tf.Tensor, [], () => [dy as tf.Tensor]),
  }));
  return op(x);
}

import * as tf from "@tensorflow/tfjs-core";

/**
 * Runs a gradient function and frees at once what it alone still needed: its own intermediates, what was kept for it, and ∂y.
 *
 * tfjs holds all of them until the whole backward pass is over, which then needs several times the memory of the forward
 * pass. ∂y is left alone where it is the caller's (`tf.grad(f)(x, dy)`), and everything is within a second derivative.
 */
export function computeAndRelease(
  dy: tf.Tensor,
  saved: readonly tf.Tensor[],
  gradients: () => tf.Tensor[],
): tf.Tensor[] {
  const ours = isInternalGradient(dy);
  const grads = tf.tidy(() => gradients().map((grad) => (grad === dy ? tf.clone(grad) : grad)));
  if (ours) tf.dispose([dy, ...saved]);
  return grads;
}

/** Whether ∂y is only the backward pass's, which is at this op: not the caller's, and not part of a second derivative. */
export function isInternalGradient(dy: tf.Tensor): boolean {
  const { activeScope, gradientDepth } = tf.engine().state;
  return gradientDepth === 0 && dy.scopeId === activeScope?.id;
}

/** A copy of `x` under a new name, for a layer that has nothing to do. */
export function identity(x: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((input) => ({
    value: tf.clone(input as tf.Tensor),
    gradFunc: (dy) => computeAndRelease(dy as tf.Tensor, [], () => [dy as tf.Tensor]),
  }));
  return op(x);
}

import * as tf from "@tensorflow/tfjs-core";

/** Below this, 1/largest overflows float32. */
const SMALLEST = 1e-37;
/** The only larger value is ∞. Dividing by it would turn an infinite norm into NaN. */
const LARGEST = 3e38;

/**
 * Computes √Σ‖t‖² over all tensors, as a scalar on the device. Pass at least one tensor.
 *
 * It divides by the largest magnitude before squaring. A plain sum of squares overflows float32 from 2e19 on, and becomes 0
 * below 1e-23. Returns NaN if a tensor contains NaN, and ∞ if a tensor contains ∞.
 */
export function l2Norm(tensors: readonly tf.Tensor[]): tf.Scalar {
  const peaks = tensors.map((t) => tf.max(tf.abs(t)));
  const largest = tf.clipByValue(
    merged(peaks, (all) => tf.max(tf.stack(all))),
    SMALLEST,
    LARGEST,
  );
  // One tidy per tensor, so that the quotients do not exist at the same time.
  const squares = tensors.map((t) => tf.tidy(() => tf.sum(tf.square(tf.div(t, largest)))));
  return tf.mul(largest, tf.sqrt(merged(squares, tf.addN))) as tf.Scalar;
}

function merged(values: tf.Tensor[], merge: (values: tf.Tensor[]) => tf.Tensor): tf.Tensor {
  return values.length === 1 ? (values[0] as tf.Tensor) : merge(values);
}

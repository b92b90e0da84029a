import * as tf from "@tensorflow/tfjs-core";

type Fn = (x: tf.Tensor) => tf.Tensor;

/**
 * Activation functions of Keras that tfjs-layers lacks or defines differently, by the name that tfjs-layers gives to the class.
 * The definitions are those of `keras.activations`.
 */
export const ACTIVATION_FUNCTIONS: Readonly<Record<string, Fn>> = {
  kerasHardSigmoid: hardSigmoid,
  kerasHardSilu: (x) => tf.mul(x, hardSigmoid(x)),
  kerasHardTanh: (x) => tf.clipByValue(x, -1, 1),
  kerasLeakyRelu: (x) => tf.leakyRelu(x, 0.2),
  kerasExponential: (x) => tf.exp(x),
  kerasCelu: (x) => tf.elu(x),
  kerasHardShrink: (x) => tf.mul(x, tf.step(tf.sub(tf.abs(x), 0.5))),
  kerasSoftShrink: (x) => tf.sub(tf.relu(tf.sub(x, 0.5)), tf.relu(tf.sub(-0.5, x))),
  kerasTanhShrink: (x) => tf.sub(x, tf.tanh(x)),
  kerasLogSigmoid: (x) => tf.neg(tf.softplus(tf.neg(x))),
  kerasSquareplus: (x) => tf.mul(tf.add(x, tf.sqrt(tf.add(tf.square(x), 4))), 0.5),
  // Written without comparisons, which have no gradient in tfjs-core.
  kerasSparsePlus: (x) => tf.add(tf.mul(tf.square(tf.add(tf.clipByValue(x, -1, 1), 1)), 0.25), tf.relu(tf.sub(x, 1))),
  kerasSparseSigmoid: (x) => tf.clipByValue(tf.mul(tf.add(x, 1), 0.5), 0, 1),
};

/** Computes Keras 3's `hard_sigmoid`: relu6(x + 3) / 6. Keras 2 and tfjs-layers have clip(0.2 x + 0.5, 0, 1). */
function hardSigmoid(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.clipByValue(tf.add(x, 3), 0, 6), 1 / 6);
}

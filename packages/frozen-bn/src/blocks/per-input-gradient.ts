import * as tf from "@tensorflow/tfjs-core";

/** An op with one gradient function per input. */
export interface PerInputGradientOp {
  /** The inputs that can have a gradient, in the order in which the gradients are computed. */
  readonly inputs: tf.NamedTensorMap;
  forward(save: tf.GradSaveFunc): tf.Tensor;
  /** Returns one function per input. A function is called only if training needs the gradient of its input. */
  gradients(dy: tf.Tensor, saved: tf.Tensor[]): Readonly<Record<string, () => tf.Tensor>>;
}

/** The part of tfjs's engine that `tf.customGrad` calls. Its types do not show it. */
interface Recorder {
  runKernelFunc(op: {
    readonly inputs: tf.NamedTensorMap;
    readonly forwardFunc: (backend: unknown, save: tf.GradSaveFunc) => tf.Tensor;
    readonly backwardsFunc: PerInputGradientOp["gradients"];
  }): tf.Tensor;
}

/**
 * Runs an op with custom gradients, and computes only those gradients that training needs.
 *
 * `tf.customGrad` computes all of them if one is needed. That would include the gradient of the first trained layer's
 * input. It costs as much as the gradient of the kernel, and nothing uses it.
 */
export function perInputGradient({ inputs, forward, gradients }: PerInputGradientOp): tf.Tensor {
  const engine = tf.engine() as unknown as Recorder;
  return engine.runKernelFunc({ inputs, forwardFunc: (_, save) => forward(save), backwardsFunc: gradients });
}

import * as tf from "@tensorflow/tfjs-core";

export interface PerInputGradientOp {
  /** Whatever a gradient may be asked for, in the order in which the gradients are computed. */
  readonly inputs: tf.NamedTensorMap;
  forward(save: tf.GradSaveFunc): tf.Tensor;
  /** One function an input. Those of inputs without a gradient are not called. */
  gradients(dy: tf.Tensor, saved: tf.Tensor[]): Readonly<Record<string, () => tf.Tensor>>;
}

/** The part of tfjs's engine below `tf.customGrad`, not in its types. */
interface Recorder {
  runKernelFunc(op: {
    readonly inputs: tf.NamedTensorMap;
    readonly forwardFunc: (backend: unknown, save: tf.GradSaveFunc) => tf.Tensor;
    readonly backwardsFunc: PerInputGradientOp["gradients"];
  }): tf.Tensor;
}

/**
 * An op with gradients of its own. `tf.customGrad` computes all of them as soon as one is asked for; the gradient of what
 * enters the first trained layer is as much work as that of its kernel, and nobody reads it.
 */
export function perInputGradient({ inputs, forward, gradients }: PerInputGradientOp): tf.Tensor {
  const engine = tf.engine() as unknown as Recorder;
  return engine.runKernelFunc({ inputs, forwardFunc: (_, save) => forward(save), backwardsFunc: gradients });
}

import * as tf from "@tensorflow/tfjs-core";
import { kernel } from "../registry/gradients.ts";

/** Activations that cost nothing behind a fused op. */
export type FusedActivation = "linear" | "relu" | "relu6";

const registered = (kernelName: string): boolean => tf.getKernel(kernelName, tf.getBackend()) !== undefined;

/** Whether there is a kernel, and its gradient will not itself be differentiated: ours have none, tfjs's ops have. */
const has = (kernelName: string): boolean => registered(kernelName) && tf.engine().state.gradientDepth < 2;

const activate = (x: tf.Tensor, activation: FusedActivation): tf.Tensor =>
  activation === "relu" ? tf.relu(x) : activation === "relu6" ? tf.relu6(x) : x;

/** Options of {@link batchNormTraining}. */
export interface BatchNormTrainingOptions {
  /** Added to the variance. @default 1e-3 */
  readonly epsilon?: number;
  /** @default "linear" */
  readonly activation?: FusedActivation;
}

/**
 * Batch norm with the statistics of the batch over all axes but the last (Ioffe & Szegedy 2015, algorithm 1), and an activation.
 *
 * Composed of tfjs ops on a backend without the kernel; equal to float32 rounding.
 *
 * @param x [..., C]; `scale` and `offset` [C]
 * @returns y, and mean and biased variance [C]; gradients flow through y alone, mean and variance are for moving averages.
 */
export function batchNormTraining(
  x: tf.Tensor,
  scale: tf.Tensor,
  offset: tf.Tensor,
  { epsilon = 1e-3, activation = "linear" }: BatchNormTrainingOptions = {},
): [tf.Tensor, tf.Tensor, tf.Tensor] {
  if (has("GraftBatchNormTraining") && x.dtype === "float32" && x.size > 0) {
    const [y, mean, variance] = kernel<tf.Tensor[]>("GraftBatchNormTraining", { x, scale, offset }, { epsilon }) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    return [activate(y, activation), mean, variance];
  }
  const { mean, variance } = tf.moments(x, [...Array(x.rank - 1).keys()]);
  const y = tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon))), scale), offset);
  return [activate(y, activation), mean, variance];
}

/**
 * Layer norm over the last axis (Ba, Kiros & Hinton 2016): (x − μ)/√(σ² + ε)·γ + β.
 *
 * @param x [..., C]; `gamma` and `beta` [C]
 * @param epsilon added to the variance. @default 1e-3
 */
export function layerNorm(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon = 1e-3): tf.Tensor {
  if (has("GraftLayerNorm") && x.dtype === "float32" && x.size > 0) {
    return kernel<tf.Tensor[]>("GraftLayerNorm", { x, gamma, beta }, { epsilon })[0] as tf.Tensor;
  }
  const { mean, variance } = tf.moments(x, -1, true);
  return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon))), gamma), beta);
}

/** gelu in the tanh form: x/2·(1 + tanh(√(2/π)(x + 0.044715x³))) (Hendrycks & Gimpel 2016; tfjs-layers' `gelu_new`). */
export function gelu(x: tf.Tensor): tf.Tensor {
  if (has("GraftGelu") && x.dtype === "float32") return kernel("GraftGelu", { x });
  const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.square(x)))));
  return tf.mul(tf.mul(0.5, x), tf.add(1, tf.tanh(inner)));
}

/**
 * Softmax cross-entropy of each row, −Σ target·log softmax(logits) over the last axis. Finite where a logit is large; a
 * target of 0 asks nothing of its logit, not even that it be finite. No gradient flows to the targets.
 *
 * @param targets probabilities, [..., C]; rows need not sum to 1
 * @param logits [..., C]
 * @returns [...]
 */
export function softmaxCrossEntropy(targets: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  tf.util.assertShapesMatch(targets.shape, logits.shape, "softmaxCrossEntropy: targets and logits differ: ");
  if (has("GraftSoftmaxCrossEntropy") && logits.dtype === "float32" && targets.dtype === "float32" && logits.size > 0) {
    return kernel<tf.Tensor[]>("GraftSoftmaxCrossEntropy", { logits, targets })[0] as tf.Tensor;
  }
  return tf.customGrad((...inputs) => {
    const [p, x, save] = inputs as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    save([p, x]);
    return {
      value: tf.neg(tf.sum(tf.mul(p, tf.logSoftmax(x)), -1)),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
        const [target, logit] = saved as [tf.Tensor, tf.Tensor];
        const rows = tf.mul(tf.softmax(logit), tf.sum(target, -1, true));
        return [tf.zerosLike(target), tf.mul(tf.expandDims(dy, -1), tf.sub(rows, target))];
      },
    };
  })(tf.cast(targets, "float32"), logits);
}

/**
 * Dropout (Srivastava et al. 2014), inverted: x/(1 − rate) with probability 1 − rate, else 0. The generator is a function of
 * seed and position, so that the gradient draws again instead of keeping a mask, and a run repeats itself.
 *
 * @param rate in [0, 1)
 * @param seed 32-bit integer; take another one each step
 */
export function dropout(x: tf.Tensor, rate: number, seed: number): tf.Tensor {
  if (!(rate >= 0 && rate < 1)) throw new RangeError(`dropout: rate is ${rate}, expected a number in [0, 1).`);
  if (rate === 0) return tf.clone(x);
  if (registered("GraftDropout") && x.dtype === "float32")
    return kernel("GraftDropout", { x }, { rate, seed: seed | 0 });
  // tfjs takes seed 0 for no seed.
  return tf.dropout(x, rate, undefined, seed === 0 ? 1 : seed);
}

/** Options of {@link conv2dBiasActivation}. */
export interface ConvOptions {
  /** @default [1, 1] */
  readonly strides?: [number, number];
  /** @default "valid" */
  readonly pad?: "valid" | "same" | number;
  /** @default [1, 1] */
  readonly dilations?: [number, number];
  /** @default "linear" */
  readonly activation?: FusedActivation;
}

/**
 * Convolution, bias and activation as one op that keeps only its input and output for the gradient, computes only the
 * gradients that are asked for (tfjs's fused conv computes the filter's even where the layer is frozen), and knows dilations.
 *
 * @param x [batch, height, width, in]; `filter` [height, width, in, out]; `bias` [out]
 */
export function conv2dBiasActivation(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  bias: tf.Tensor1D | undefined,
  { strides = [1, 1], pad = "valid", dilations = [1, 1], activation = "linear" }: ConvOptions = {},
): tf.Tensor4D {
  if (has("GraftConv2D") && x.dtype === "float32") {
    const attrs = { strides, pad, dilations, dataFormat: "NHWC", activation };
    return kernel<tf.Tensor>("GraftConv2D", bias ? { x, filter, bias } : { x, filter }, attrs) as tf.Tensor4D;
  }
  const y = tf.conv2d(x, filter, strides, pad, "NHWC", dilations);
  return activate(bias ? tf.add(y, bias) : y, activation) as tf.Tensor4D;
}

import * as tf from "@tensorflow/tfjs-core";
import { runKernel } from "../tfjs-registry/gradients.ts";
import { assertTensors, type Expected, NUMBERS } from "./check-tensors.ts";

/** Activations that cost nothing behind a fused op. */
export type FusedActivation = "linear" | "relu" | "relu6";

const registered = (kernelName: string): boolean => tf.getKernel(kernelName, tf.getBackend()) !== undefined;

/** Whether there is a kernel, and its gradient will not itself be differentiated: ours have none, tfjs's ops have. */
const has = (kernelName: string): boolean => registered(kernelName) && tf.engine().state.gradientDepth < 2;

const activate = (x: tf.Tensor, activation: FusedActivation): tf.Tensor =>
  activation === "relu" ? tf.relu(x) : activation === "relu6" ? tf.relu6(x) : x;

function assertActivation(op: string, activation: string): void {
  if (["linear", "relu", "relu6"].includes(activation)) return;
  throw new Error(
    `${op}: \`activation\` is "${activation}", expected "linear", "relu" or "relu6". Put others behind it.`,
  );
}

/** An argument of any rank from 1 on, and one number for each of its channels, the last axis. */
const rows = (x: tf.Tensor): Expected => ({ tensor: x, shape: ["...", "C"], dtypes: NUMBERS });
const perChannel = (x: tf.Tensor, tensor: tf.Tensor): Expected => ({ tensor, shape: [x.shape.at(-1) ?? "C"] });

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
 * @param x [..., C], float32; int32 and bool are composed
 * @param scale [C], float32
 * @param offset [C], float32
 * @returns y, of x's shape, and mean and biased variance [C], all float32; gradients flow through y alone, mean and variance
 *   are for moving averages.
 * @throws Error for other shapes, dtypes or activations, by name
 */
export function batchNormTraining(
  x: tf.Tensor,
  scale: tf.Tensor,
  offset: tf.Tensor,
  { epsilon = 1e-3, activation = "linear" }: BatchNormTrainingOptions = {},
): [tf.Tensor, tf.Tensor, tf.Tensor] {
  assertActivation("batchNormTraining", activation);
  assertTensors("batchNormTraining", { x: rows(x), scale: perChannel(x, scale), offset: perChannel(x, offset) });
  if (has("GraftBatchNormTraining") && x.dtype === "float32" && x.size > 0) {
    const [y, mean, variance] = runKernel<tf.Tensor[]>("GraftBatchNormTraining", { x, scale, offset }, { epsilon }) as [
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
 * Layer norm over the last axis (Ba, Kiros & Hinton 2016): (x − μ)/√(σ² + ε)·γ + β, with the biased variance.
 *
 * Composed of tfjs ops on a backend without the kernel; equal to float32 rounding.
 *
 * @param x [..., C], float32; int32 and bool are composed
 * @param gamma [C], float32
 * @param beta [C], float32
 * @param epsilon added to the variance. @default 1e-3
 * @returns a float32 tensor of x's shape; gradients flow to x, gamma and beta.
 * @throws Error for other shapes or dtypes, by name
 */
export function layerNorm(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon = 1e-3): tf.Tensor {
  assertTensors("layerNorm", { x: rows(x), gamma: perChannel(x, gamma), beta: perChannel(x, beta) });
  if (has("GraftLayerNorm") && x.dtype === "float32" && x.size > 0) {
    return runKernel<tf.Tensor[]>("GraftLayerNorm", { x, gamma, beta }, { epsilon })[0] as tf.Tensor;
  }
  const { mean, variance } = tf.moments(x, -1, true);
  return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon))), gamma), beta);
}

/**
 * gelu in the tanh form: x/2·(1 + tanh(√(2/π)(x + 0.044715x³))) (Hendrycks & Gimpel 2016; tfjs-layers' `gelu_new`).
 *
 * @param x of any shape, float32; int32 and bool are composed of tfjs ops, and so is everything without the kernel
 * @returns a float32 tensor of x's shape
 * @throws Error for other dtypes, by name
 */
export function gelu(x: tf.Tensor): tf.Tensor {
  assertTensors("gelu", { x: { tensor: x, shape: ["..."], dtypes: NUMBERS } });
  if (has("GraftGelu") && x.dtype === "float32") return runKernel("GraftGelu", { x });
  const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.square(x)))));
  return tf.mul(tf.mul(0.5, x), tf.add(1, tf.tanh(inner)));
}

/**
 * Softmax cross-entropy of each row, −Σ target·log softmax(logits) over the last axis. Finite where a logit is large; a
 * target of 0 asks nothing of its logit, not even that it be finite. No gradient flows to the targets.
 *
 * @param targets probabilities, [..., C]; rows need not sum to 1; float32, int32 and bool are cast
 * @param logits [..., C], float32; int32 and bool are composed
 * @returns the loss of each row, [...], float32
 * @throws Error where the shapes differ, or for other dtypes, by name
 */
export function softmaxCrossEntropy(targets: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  assertTensors("softmaxCrossEntropy", { targets: rows(targets), logits: rows(logits) });
  tf.util.assertShapesMatch(targets.shape, logits.shape, "softmaxCrossEntropy: targets and logits differ: ");
  if (has("GraftSoftmaxCrossEntropy") && logits.dtype === "float32" && targets.dtype === "float32" && logits.size > 0) {
    return runKernel<tf.Tensor[]>("GraftSoftmaxCrossEntropy", { logits, targets })[0] as tf.Tensor;
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
 * @param x of any shape, float32
 * @param rate in [0, 1)
 * @param seed 32-bit integer; take another one each step
 * @returns a float32 tensor of x's shape. On a backend without the kernel tfjs draws, another mask from the same seed.
 * @throws RangeError for another rate or a seed that is not an integer; Error for another dtype
 */
export function dropout(x: tf.Tensor, rate: number, seed: number): tf.Tensor {
  if (!(rate >= 0 && rate < 1)) throw new RangeError(`dropout: rate is ${rate}, expected a number in [0, 1).`);
  if (!Number.isInteger(seed)) throw new RangeError(`dropout: seed is ${seed}, expected an integer of 32 bits.`);
  assertTensors("dropout", { x: { tensor: x, shape: ["..."] } });
  if (rate === 0) return tf.clone(x);
  if (registered("GraftDropout")) return runKernel("GraftDropout", { x }, { rate, seed: seed | 0 });
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
 * Composed of tfjs ops on a backend without the kernel; equal to float32 rounding.
 *
 * @param x [batch, height, width, in], float32
 * @param filter [height, width, in, out], float32
 * @param bias [out], float32; undefined for none
 * @returns [batch, height', width', out], float32
 * @throws Error for other shapes, dtypes or activations, by name
 */
export function conv2dBiasActivation(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  bias: tf.Tensor1D | undefined,
  { strides = [1, 1], pad = "valid", dilations = [1, 1], activation = "linear" }: ConvOptions = {},
): tf.Tensor4D {
  assertActivation("conv2dBiasActivation", activation);
  assertTensors("conv2dBiasActivation", {
    x: { tensor: x, shape: ["batch", "height", "width", "in"] },
    filter: { tensor: filter, shape: ["height", "width", x.shape[3] ?? "in", "out"] },
    bias: bias && { tensor: bias, shape: [filter.shape[3] ?? "out"] },
  });
  if (has("GraftConv2D")) {
    const attrs = { strides, pad, dilations, dataFormat: "NHWC", activation };
    return runKernel<tf.Tensor>("GraftConv2D", bias ? { x, filter, bias } : { x, filter }, attrs) as tf.Tensor4D;
  }
  const y = tf.conv2d(x, filter, strides, pad, "NHWC", dilations);
  return activate(bias ? tf.add(y, bias) : y, activation) as tf.Tensor4D;
}

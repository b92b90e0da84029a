import * as tf from "@tensorflow/tfjs-core";
import { runKernel } from "../tfjs-registry/gradients.ts";
import { activate, assertActivation, type FusedActivation } from "./activation.ts";
import { assertTensors } from "./check-tensors.ts";
import { hasKernel } from "./has-kernel.ts";

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
 * Computes convolution, bias and activation as one op.
 *
 * It saves only its input and output for the gradient, computes only the gradients that are asked for, and supports dilations.
 * tfjs's fused conv2d computes the filter's gradient even if the layer is frozen. On a backend without the kernel it is
 * composed of tfjs ops. The results are equal to float32 rounding.
 *
 * @param x [batch, height, width, in], float32
 * @param filter [height, width, in, out], float32
 * @param bias [out], float32; undefined for none
 * @returns [batch, height', width', out], float32
 * @throws Error with the names of the arguments for other shapes, dtypes or activations
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
  if (hasKernel("GraftConv2D")) {
    const attrs = { strides, pad, dilations, dataFormat: "NHWC", activation };
    return runKernel<tf.Tensor>("GraftConv2D", bias ? { x, filter, bias } : { x, filter }, attrs) as tf.Tensor4D;
  }
  const y = tf.conv2d(x, filter, strides, pad, "NHWC", dilations);
  return activate(bias ? tf.add(y, bias) : y, activation) as tf.Tensor4D;
}

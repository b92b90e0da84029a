import type { CallableLayer } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type Activation, activate } from "./activation.ts";
import type { WritableWeight } from "../layers/writable-weight.ts";

/** A linear layer of tfjs: y = act(L(x, kernel) + bias), with the output channels on the last axis. */
export interface LinearLayer {
  readonly layer: CallableLayer;
  readonly kernel: WritableWeight;
  readonly bias: WritableWeight | undefined;
  /** Whether the output channels are the last axis of the kernel, or the last two axes together. */
  readonly channelsLast: boolean;
  /** Computes act(L(x, kernel) + bias), by one fused kernel if tfjs has one. */
  forward(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor | undefined, activation: Activation): tf.Tensor;
  /** Computes ∂x of L for a given ∂y. */
  inputGradient(xShape: readonly number[], dy: tf.Tensor, kernel: tf.Tensor): tf.Tensor;
  /** Computes ∂kernel of L for a given ∂y. */
  kernelGradient(x: tf.Tensor, dy: tf.Tensor, kernelShape: readonly number[]): tf.Tensor;
  /** Reshapes `scale` ([C], one value per output channel) so that kernel·scale scales the outputs. */
  perOutput(scale: tf.Tensor): tf.Tensor;
  /** Sums a tensor that has the kernel's shape, to one value per output channel: [C]. */
  outputSum(kernel: tf.Tensor): tf.Tensor;
}

/** The fields of the linear layers of tfjs-layers. */
export interface LinearLayerFields extends CallableLayer {
  readonly kernel: WritableWeight;
  readonly depthwiseKernel?: WritableWeight | null;
  readonly bias?: WritableWeight | null;
  readonly strides: [number, number];
  readonly padding: "valid" | "same";
  readonly dataFormat: string;
  readonly dilationRate: readonly number[];
  readonly depthMultiplier?: number;
}

/** Returns the fields of {@link LinearLayer} that all linear layers fill in the same way. */
export function layerAndWeights(
  layer: LinearLayerFields,
  kernel: WritableWeight,
  channelsLast = true,
): Pick<LinearLayer, "layer" | "kernel" | "bias" | "channelsLast"> {
  return { layer, kernel, bias: layer.bias ?? undefined, channelsLast };
}

/** Sums a tensor over all axes except the last. */
export function sumOverAllButLast(values: tf.Tensor): tf.Tensor {
  return tf.sum(
    values,
    Array.from({ length: values.rank - 1 }, (_, axis) => axis),
  );
}

/** Adds a bias if there is one, then applies an activation. */
export function addBiasAndActivate(y: tf.Tensor, bias: tf.Tensor | undefined, activation: Activation): tf.Tensor {
  return activate(bias ? tf.add(y, bias) : y, activation);
}

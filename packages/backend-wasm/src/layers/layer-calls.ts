import { type CallableLayer, type LayerCall, onlyTensor } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { FusedActivation } from "../ops/activation.ts";
import { batchNormTraining } from "../ops/batch-norm-training.ts";
import { conv2dBiasActivation } from "../ops/conv2d-bias-activation.ts";
import { dropout } from "../ops/dropout.ts";
import { hasKernel } from "../ops/has-kernel.ts";
import { runKernel } from "../tfjs-registry/gradients.ts";

/** A layer of tfjs-layers, with the fields that its `call` reads. */
export interface Layer extends CallableLayer {
  readonly [field: string]: unknown;
}

/** A variable of tfjs-layers. */
interface Variable {
  read(): tf.Tensor;
  write(value: tf.Tensor): void;
}

/** Returns a layer's new `call`, or undefined if its settings are not supported. Unsupported inputs go to `stock`. */
type FusedCall = (layer: Layer, stock: LayerCall) => LayerCall | undefined;

const variable = (layer: Layer, field: string): Variable | undefined =>
  (layer[field] as Variable | null | undefined) ?? undefined;

/** Computes batch norm in training by one kernel per direction. Inference uses the layer's own call. */
const batchNormalization: FusedCall = (layer, stock) => (inputs, kwargs) => {
  const x = onlyTensor(inputs);
  const axis = layer.axis as number;
  const last = (axis >= 0 ? axis : axis + x.rank) === x.rank - 1;
  if (!kwargs?.training || !last || x.dtype !== "float32") return stock(inputs, kwargs);
  return tf.tidy(() => {
    const channels = [x.shape.at(-1) as number];
    const scale = variable(layer, "gamma")?.read() ?? tf.ones(channels);
    const offset = variable(layer, "beta")?.read() ?? tf.zeros(channels);
    const [y, mean, variance] = batchNormTraining(x, scale, offset, { epsilon: layer.epsilon as number });
    const keep = layer.momentum as number;
    for (const [field, value] of [
      ["movingMean", mean],
      ["movingVariance", variance],
    ] as const) {
      const moving = variable(layer, field) as Variable;
      const old = moving.read();
      moving.write(tf.sub(old, tf.mul(tf.sub(old, value), 1 - keep)));
    }
    return y;
  });
};

/** Computes layer norm over the last axis by one kernel per direction. */
const layerNormalization: FusedCall = (layer, stock) => (inputs, kwargs) => {
  const x = onlyTensor(inputs);
  const axes = [layer.axis as number | number[]].flat();
  const last = axes.length === 1 && (axes[0] === -1 || axes[0] === x.rank - 1);
  if (!last || !hasKernel("GraftLayerNorm") || x.dtype !== "float32" || x.size === 0) return stock(inputs, kwargs);
  return tf.tidy(() => {
    const columns = [x.shape.at(-1) as number];
    const gamma = variable(layer, "gamma")?.read() ?? tf.ones(columns);
    const beta = variable(layer, "beta")?.read() ?? tf.zeros(columns);
    const attrs = { epsilon: layer.epsilon as number };
    return runKernel<tf.Tensor[]>("GraftLayerNorm", { x, gamma, beta }, attrs)[0] as tf.Tensor;
  });
};

/** Computes convolution, bias and relu as one op with one saved tensor. */
const conv2d: FusedCall = (layer, stock) => {
  const name = (layer.activation as { getClassName?(): string } | null | undefined)?.getClassName?.() ?? "linear";
  if (!["linear", "relu", "relu6"].includes(name) || layer.dataFormat !== "channelsLast") return undefined;
  return (inputs, kwargs) => {
    const x = onlyTensor(inputs);
    if (x.dtype !== "float32" || x.rank !== 4) return stock(inputs, kwargs);
    return tf.tidy(() => {
      const bias = layer.useBias ? (variable(layer, "bias")?.read() as tf.Tensor1D) : undefined;
      return conv2dBiasActivation(x as tf.Tensor4D, variable(layer, "kernel")?.read() as tf.Tensor4D, bias, {
        strides: layer.strides as [number, number],
        pad: layer.padding as "valid" | "same",
        dilations: layer.dilationRate as [number, number],
        activation: name as FusedActivation,
      });
    });
  };
};

/**
 * Computes dropout by the counter-based generator, with a different mask in each step. If a stock layer has a `seed`, it
 * repeats one mask for ever.
 *
 * Each call takes a seed from Math.random, which the tuner replaces by its own generator. A run is then a function of its own
 * seed, and a resumed run continues as it would have without the interruption. A layer's `seed` only changes the seeds of
 * the calls.
 */
const seededDropout: FusedCall = (layer, stock) => {
  const own = Math.imul((layer.seed as number | undefined) ?? 0, 0x9e3779b1);
  return (inputs, kwargs) => {
    const rate = layer.rate as number;
    if (!kwargs?.training || layer.noiseShape || !(rate > 0 && rate < 1)) return stock(inputs, kwargs);
    return tf.tidy(() => dropout(onlyTensor(inputs), rate, Math.floor(Math.random() * 2 ** 32) ^ own));
  };
};

/** Computes relu up to 6 as one op. The stock layer clips after its relu. */
const reLU: FusedCall = (layer, stock) => {
  if (layer.maxValue !== 6) return undefined;
  return (inputs, kwargs) =>
    onlyTensor(inputs).dtype === "float32" ? tf.relu6(onlyTensor(inputs)) : stock(inputs, kwargs);
};

/** The layers whose `call` is replaced, by class name. */
export const fusedCalls: { readonly [className: string]: FusedCall } = {
  BatchNormalization: batchNormalization,
  Conv2D: conv2d,
  Dropout: seededDropout,
  LayerNormalization: layerNormalization,
  ReLU: reLU,
};

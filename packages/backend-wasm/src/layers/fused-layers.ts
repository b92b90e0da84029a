import type { LayerLike, LayersLike, ModelPatch, PatchHandle } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { batchNormTraining, conv2dBiasActivation, dropout, type FusedActivation, layerNorm } from "../ops/ops.ts";

type Call = (inputs: tf.Tensor | tf.Tensor[], kwargs: { readonly training?: boolean }) => tf.Tensor | tf.Tensor[];
interface Variable {
  read(): tf.Tensor;
  write(value: tf.Tensor): void;
}
/** A layer of tfjs-layers with the fields that its `call` reads. */
interface Layer extends LayerLike {
  call: Call;
  readonly [field: string]: unknown;
}
type Rewrite = (layer: Layer, stock: Call) => Call | undefined;

const only = (inputs: tf.Tensor | tf.Tensor[]): tf.Tensor =>
  Array.isArray(inputs) ? (inputs[0] as tf.Tensor) : inputs;
const variable = (layer: Layer, field: string): Variable | undefined =>
  (layer[field] as Variable | null | undefined) ?? undefined;

/** Batch norm in training: one kernel forward and one back. In inference the layer's own call. */
const batchNormalization: Rewrite = (layer, stock) => (inputs, kwargs) => {
  const x = only(inputs);
  const axis = layer.axis as number;
  const last = (axis >= 0 ? axis : axis + x.rank) === x.rank - 1;
  if (!kwargs?.training || !last || x.dtype !== "float32") return stock.call(layer, inputs, kwargs);
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

const layerNormalization: Rewrite = (layer, stock) => (inputs, kwargs) => {
  const x = only(inputs);
  const axes = [layer.axis as number | number[]].flat();
  if (axes.length !== 1 || (axes[0] !== -1 && axes[0] !== x.rank - 1)) return stock.call(layer, inputs, kwargs);
  return tf.tidy(() => {
    const columns = [x.shape.at(-1) as number];
    const gamma = variable(layer, "gamma")?.read() ?? tf.ones(columns);
    const beta = variable(layer, "beta")?.read() ?? tf.zeros(columns);
    return layerNorm(x, gamma, beta, layer.epsilon as number);
  });
};

/** Convolution, bias and relu as one op with one saved tensor. */
const conv2d: Rewrite = (layer, stock) => {
  const name = (layer.activation as { getClassName?(): string } | null | undefined)?.getClassName?.() ?? "linear";
  if (!["linear", "relu", "relu6"].includes(name) || layer.dataFormat !== "channelsLast") return undefined;
  return (inputs, kwargs) => {
    const x = only(inputs);
    if (x.dtype !== "float32" || x.rank !== 4) return stock.call(layer, inputs, kwargs);
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
 * Dropout by the counter-based generator, another mask each step; stock repeats one for ever where the layer has a `seed`.
 * The seed of a step is drawn inside the call, from the generator that the tuner puts in the place of Math.random: a run is
 * then a function of its own seed, and goes on after a resume as it would have. A layer's `seed` only stirs the draw.
 */
const seededDropout: Rewrite = (layer, stock) => {
  const stir = Math.imul((layer.seed as number | undefined) ?? 0, 0x9e3779b1);
  return (inputs, kwargs) => {
    const rate = layer.rate as number;
    if (!kwargs?.training || layer.noiseShape || !(rate > 0 && rate < 1)) return stock.call(layer, inputs, kwargs);
    return tf.tidy(() => dropout(only(inputs), rate, Math.floor(Math.random() * 2 ** 32) ^ stir));
  };
};

/** relu up to 6 as one op; stock clips after its relu. */
const reLU: Rewrite = (layer, stock) => {
  if (layer.maxValue !== 6) return undefined;
  return (inputs, kwargs) =>
    only(inputs).dtype === "float32" ? tf.relu6(only(inputs)) : stock.call(layer, inputs, kwargs);
};

const REWRITES: { readonly [className: string]: Rewrite } = {
  BatchNormalization: batchNormalization,
  Conv2D: conv2d,
  Dropout: seededDropout,
  LayerNormalization: layerNormalization,
  ReLU: reLU,
};

/**
 * Lets a model's batch norms, layer norms, convolutions and dropouts compute by one kernel each, forward and back, with the
 * same values to float32 rounding (dropout: another mask). Layers it does not know stay as they are; on a backend without
 * the kernels everything is composed of tfjs ops.
 */
export function fusedLayers(): ModelPatch {
  return {
    name: "fused-layers",
    apply(model: LayersLike): PatchHandle {
      const undo: (() => void)[] = [];
      const pure: string[] = [];
      for (const layer of flat(model)) {
        const own = Object.hasOwn(layer, "call");
        const stock = layer.call;
        const call = REWRITES[layer.getClassName()]?.(layer, stock);
        if (!call) continue;
        layer.call = call;
        if (["Conv2D", "LayerNormalization", "ReLU"].includes(layer.getClassName())) pure.push(layer.name);
        undo.push(() => {
          if (own) layer.call = stock;
          else delete (layer as { call?: Call }).call;
        });
      }
      return {
        restore: () => {
          for (const step of undo.splice(0)) step();
        },
        pure,
        summary: `${undo.length} layers compute by fused kernels`,
      };
    },
  };
}

/** Every layer, those of nested models too, each once. */
function flat(model: LayersLike): readonly Layer[] {
  const found = new Set<Layer>();
  const visit = (layers: readonly LayerLike[]): void => {
    for (const layer of layers) {
      const inner = (layer as unknown as Partial<LayersLike>).layers;
      if (inner) visit(inner);
      else found.add(layer as Layer);
    }
  };
  visit(model.layers);
  return [...found];
}

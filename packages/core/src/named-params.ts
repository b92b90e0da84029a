import type * as tf from "@tensorflow/tfjs-core";
import type { LayerLike, LayersLike, WeightLike } from "./layers-like.ts";
import type { Param } from "./params.ts";

/** A weight of a model under its stable name: parameters, frozen parameters and statistics alike. */
export interface NamedWeight extends Param {
  /** `moving_mean` and `moving_variance`: written by the forward pass, never by an optimizer. */
  readonly statistic: boolean;
  /** Whether the layer and all models around it are trainable. */
  readonly trainable: boolean;
}

export interface NamedParamsOptions {
  /** Also the parameters of layers with `trainable = false`, for an optimizer that unfreezes them later. @default false */
  readonly frozen?: boolean;
}

/**
 * The parameters of a Layers model under stable names, in the order of the layers; nested models add their name in front.
 * A layer used twice is named once, where it first stands. Shapes and axes as tfjs keeps them: kernels are IO and HWIO.
 */
export function namedParams(model: LayersLike, { frozen = false }: NamedParamsOptions = {}): readonly Param[] {
  return namedWeights(model).filter(({ statistic, trainable }) => !statistic && (frozen || trainable));
}

/** Every weight of a Layers model under its stable name, statistics included. */
export function namedWeights(model: LayersLike): readonly NamedWeight[] {
  const seen = new Set<WeightLike>();
  const found: NamedWeight[] = [];
  const walk = (layers: readonly LayerLike[], prefix: string, trainable: boolean): void => {
    for (const layer of layers) {
      const path = prefix + layer.name;
      const nested = (layer as Partial<LayersLike>).layers;
      if (nested) {
        walk(nested, `${path}/`, trainable && layer.trainable);
        continue;
      }
      for (const weight of layer.weights) {
        if (seen.has(weight)) continue;
        seen.add(weight);
        found.push(describe(layer, path, weight, trainable && layer.trainable));
      }
    }
  };
  walk(model.layers, "", true);
  return found;
}

const STATISTICS = new Set(["moving_mean", "moving_variance"]);

function describe(layer: LayerLike, path: string, weight: WeightLike, trainable: boolean): NamedWeight {
  const variable = weight.read() as tf.Variable;
  const role = weight.originalName.slice(weight.originalName.lastIndexOf("/") + 1);
  const constraint = weight.constraint as { apply(value: tf.Tensor): tf.Tensor } | null | undefined;
  return {
    name: `${path}/${role}`,
    layer: path,
    role,
    shape: variable.shape,
    unitAxes: unitAxes(layer.getClassName(), role, variable.shape.length),
    variable,
    ...(constraint ? { constraint: (value: tf.Tensor) => constraint.apply(value) } : {}),
    statistic: STATISTICS.has(role),
    trainable,
  };
}

/** tfjs layouts: dense IO, conv HWIO, transposed conv HWOI, depthwise HW-in-mult; vectors are one value a unit. */
function unitAxes(className: string, role: string, rank: number): readonly number[] {
  if (rank < 2) return rank === 1 ? [0] : [];
  if (role === "depthwise_kernel") return [rank - 2, rank - 1];
  if (role === "kernel" && /Transpose$/.test(className)) return [rank - 2];
  return [rank - 1];
}

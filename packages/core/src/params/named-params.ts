import type * as tf from "@tensorflow/tfjs-core";
import { SelectionError } from "../errors.ts";
import type { LayerLike, LayersLike, WeightLike } from "./layers-like.ts";
import type { Param } from "./params.ts";
import type { VariableMap } from "./tensor-map.ts";
import { unitAxes } from "./unit-axes.ts";

/** A weight of a model under its stable name: a parameter, a frozen parameter or a statistic. */
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
 * Lists the parameters of a Layers model under stable names, in the order of the layers. A nested model adds its name in
 * front; a wrapper with several layers adds the inner layer (`bi/forward/kernel`, `rnn/RNNCell_0/kernel`). A layer that is
 * used twice is listed once, at its first place. Shapes and axes are those of tfjs: kernels are IO and HWIO.
 *
 * Plain variables, `{ "head/kernel": variable }`, keep their names; their last axis counts as the output units.
 * @throws SelectionError if a plain variable has no layer in its name.
 */
export function namedParams(
  model: LayersLike | VariableMap,
  { frozen = false }: NamedParamsOptions = {},
): readonly Param[] {
  if (isModel(model))
    return namedWeights(model).filter(({ statistic, trainable }) => !statistic && (frozen || trainable));
  return plainParams(model).filter(({ variable }) => frozen || variable.trainable);
}

/** Lists every weight of a Layers model under its stable name, statistics included. */
export function namedWeights(model: LayersLike): readonly NamedWeight[] {
  const seen = new Set<WeightLike>();
  const found: NamedWeight[] = [];
  const walk = (layers: readonly LayerLike[], prefix: string, around: () => boolean): void => {
    for (const layer of layers) {
      const path = prefix + layer.name;
      const layerTrains = (): boolean => around() && layer.trainable;
      const nested = (layer as Partial<LayersLike>).layers;
      if (nested) {
        walk(nested, `${path}/`, layerTrains);
        continue;
      }
      const several = new Set(layer.weights.map((weight) => innerOf(layer, weight))).size > 1;
      for (const weight of layer.weights) {
        if (seen.has(weight)) continue;
        seen.add(weight);
        const inner = several ? innerOf(layer, weight) : "";
        const trains = (): boolean => layerTrains() && weight.trainable !== false;
        found.push(describe(layer, path, inner, weight, trains));
      }
    }
  };
  walk(model.layers, "", () => true);
  return found;
}

const STATISTICS = new Set(["moving_mean", "moving_variance"]);

function isModel(model: LayersLike | VariableMap): model is LayersLike {
  return Array.isArray(model.layers);
}

/**
 * Returns the layer inside `layer` that a weight belongs to. For `bi/forward_lstm_LSTM1/kernel` it is `forward`: the rest is
 * a name with a number that tfjs counts up within a process.
 */
function innerOf(layer: LayerLike, { originalName }: WeightLike): string {
  const own = `${layer.name}/`;
  const rest = originalName.startsWith(own) ? originalName.slice(own.length) : originalName;
  const inner = rest.slice(0, Math.max(0, rest.lastIndexOf("/")));
  return /^(forward|backward)_/.exec(inner)?.[1] ?? inner;
}

function describe(
  layer: LayerLike,
  path: string,
  inner: string,
  weight: WeightLike,
  trains: () => boolean,
): NamedWeight {
  const variable = weight.read() as tf.Variable;
  const role = weight.originalName.slice(weight.originalName.lastIndexOf("/") + 1);
  const constraint = weight.constraint as { apply(value: tf.Tensor): tf.Tensor } | null | undefined;
  const wrapped = (layer as { readonly layer?: LayerLike }).layer;
  return {
    name: inner === "" ? `${path}/${role}` : `${path}/${inner}/${role}`,
    layer: path,
    role,
    shape: variable.shape,
    unitAxes: unitAxes((wrapped ?? layer).getClassName(), role, variable.shape.length),
    variable,
    ...(constraint ? { constraint: (value: tf.Tensor) => constraint.apply(value) } : {}),
    statistic: STATISTICS.has(role),
    trainable: trains(),
    trains,
  };
}

function plainParams(variables: VariableMap): readonly Param[] {
  const bare = Object.keys(variables).filter((name) => !/.\/./.test(name));
  if (bare.length > 0) {
    throw new SelectionError(
      `${bare.map((name) => `\`${name}\``).join(", ")}: no layer in the name of a variable.`,
      `Names are layer/role: \`${bare[0]}/kernel\`.`,
    );
  }
  return Object.entries(variables).map(([name, variable]) => {
    const cut = name.lastIndexOf("/");
    const { shape } = variable;
    const role = name.slice(cut + 1);
    return { name, layer: name.slice(0, cut), role, shape, unitAxes: unitAxes("", role, shape.length), variable };
  });
}

import type * as layers from "@tensorflow/tfjs-layers";
import { snakeCase } from "../../keras/snake-case.ts";
import type { KerasEntry } from "./keras-config.ts";

type Layer = layers.layers.Layer;

/** The weights of one group of a `model.weights.h5`, in Keras's order. */
export interface WeightGroup {
  /** Path of the group, such as `layers/dense_1`. */
  readonly path: string;
  readonly weights: readonly layers.LayerVariable[];
}

/** Layers inside a layer, each under the name of its group. */
const INNER = { layer: "layer", forwardLayer: "forward_layer", backwardLayer: "backward_layer", cell: "cell" } as const;

/**
 * Lists the groups of a model's weights. Keras names a layer's group by its class and its index among layers of that class.
 *
 * @param entry the configuration that Keras reads. It decides the classes and the order.
 */
export function weightGroups(model: layers.LayersModel, { config }: KerasEntry, root = ""): WeightGroup[] {
  const turns = new Map<string, number>();
  return (config.layers as readonly KerasEntry[]).flatMap((entry) => {
    const type = snakeCase(entry.class_name);
    const turn = turns.get(type) ?? 0;
    turns.set(type, turn + 1);
    const path = `${root}layers/${turn === 0 ? type : `${type}_${turn}`}`;
    const layer = model.layers.find(({ name }) => name === entry.config.name);
    if (!layer) return [{ path, weights: [] }];
    return entry.config.layers ? weightGroups(layer as never, entry, `${path}/`) : groupsOf(layer, path);
  });
}

function groupsOf(layer: Layer, path: string): WeightGroup[] {
  // The lists that a layer keeps do not change their order if a part of it is frozen, as `layer.weights` does.
  const own = layer as unknown as Readonly<
    Record<"_trainableWeights" | "_nonTrainableWeights", readonly layers.LayerVariable[]>
  >;
  const inner = Object.entries(INNER).flatMap(([field, name]) => {
    const found = (layer as unknown as Readonly<Record<string, Layer | undefined>>)[field];
    // A Bidirectional keeps the layer that it was made of. Only its copies have weights.
    if (!found || (field === "layer" && "forwardLayer" in layer)) return [];
    return groupsOf(found, `${path}/${name}`);
  });
  return [{ path, weights: [...own._trainableWeights, ...own._nonTrainableWeights] }, ...inner];
}

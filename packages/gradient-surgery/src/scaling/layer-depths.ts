import type { LayerLike, LayersLike } from "@graftjs/core";

/** The fields of a tfjs-layers layer that determine its place in the graph. */
interface GraphLayer extends LayerLike {
  readonly inboundNodes?: readonly { readonly inboundLayers: readonly GraphLayer[] }[];
  readonly layers?: readonly GraphLayer[];
}

/** Depths by layer path. The paths are the ones in parameter names. */
export type LayerDepths = { readonly [layer: string]: number };

/**
 * Computes the depth of each layer of a Layers model: the number of layers with a kernel on the longest path from an input to
 * the layer, including the layer itself.
 *
 * An input has depth 0. Parallel branches have equal depths. A layer without a kernel, such as a normalization or an
 * activation, has the depth of its input. Layers of nested models continue the count. Names do not matter.
 */
export function layerDepths(model: LayersLike): LayerDepths {
  const depths: Record<string, number> = {};
  recordDepths(model.layers as readonly GraphLayer[], "", 0, depths);
  return depths;
}

/** Records the depths of `layers`. Returns the depth of their output. */
function recordDepths(
  layers: readonly GraphLayer[],
  prefix: string,
  start: number,
  depths: Record<string, number>,
): number {
  // In a Sequential, the layer after a nested model is connected to the last layer inside that model.
  const owner = new Map<GraphLayer, GraphLayer>();
  const setOwner = (layer: GraphLayer, outer: GraphLayer): void => {
    owner.set(layer, outer);
    for (const inner of layer.layers ?? []) setOwner(inner, outer);
  };
  for (const layer of layers) setOwner(layer, layer);
  const known = new Map<GraphLayer, number>();
  const depthOf = (layer: GraphLayer): number => {
    const found = known.get(layer);
    if (found !== undefined) return found;
    // If a layer is applied to its own output, this ends the recursion: the cycle does not count.
    known.set(layer, start);
    const before = (layer.inboundNodes ?? [])
      .flatMap(({ inboundLayers }) => inboundLayers)
      .flatMap((input) => owner.get(input) ?? [])
      .filter((input) => input !== layer);
    const fed = Math.max(start, ...before.map(depthOf));
    const path = prefix + layer.name;
    const depth = layer.layers ? recordDepths(layer.layers, `${path}/`, fed, depths) : fed + (hasKernel(layer) ? 1 : 0);
    known.set(layer, depth);
    if (!layer.layers) depths[path] = depth;
    return depth;
  };
  return Math.max(start, ...layers.map(depthOf));
}

function hasKernel({ weights }: LayerLike): boolean {
  return weights.some((weight) => weight.read().rank > 1);
}

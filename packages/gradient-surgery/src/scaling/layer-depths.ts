import type { LayerLike, LayersLike } from "@graftjs/core";

/** What of a tfjs-layers layer tells its place in the graph. */
interface PlacedLayer extends LayerLike {
  readonly inboundNodes?: readonly { readonly inboundLayers: readonly PlacedLayer[] }[];
  readonly layers?: readonly PlacedLayer[];
}

/** Depth by layer path, as in parameter names. */
export type LayerDepths = { readonly [layer: string]: number };

/**
 * How deep each layer of a Layers model lies in its graph: the number of layers with a kernel on the longest way from an
 * input to it, itself included. Parallel branches have equal depths; a layer without a kernel (normalization, activation)
 * has the depth of what feeds it; nested models go on counting. The input is 0, and names do not matter.
 */
export function layerDepths(model: LayersLike): LayerDepths {
  const depths: Record<string, number> = {};
  place(model.layers as readonly PlacedLayer[], "", 0, depths);
  return depths;
}

/** Depth of what comes out of `layers`. */
function place(layers: readonly PlacedLayer[], prefix: string, start: number, depths: Record<string, number>): number {
  // A Sequential links what follows a nested model to the last layer inside of it.
  const owner = new Map<PlacedLayer, PlacedLayer>();
  const own = (layer: PlacedLayer, by: PlacedLayer): void => {
    owner.set(layer, by);
    for (const inner of layer.layers ?? []) own(inner, by);
  };
  for (const layer of layers) own(layer, layer);
  const known = new Map<PlacedLayer, number>();
  const depthOf = (layer: PlacedLayer): number => {
    const found = known.get(layer);
    if (found !== undefined) return found;
    // A layer that is used on its own output: the way round does not count.
    known.set(layer, start);
    const before = (layer.inboundNodes ?? [])
      .flatMap(({ inboundLayers }) => inboundLayers)
      .flatMap((one) => owner.get(one) ?? [])
      .filter((one) => one !== layer);
    const fed = Math.max(start, ...before.map(depthOf));
    const path = prefix + layer.name;
    const depth = layer.layers ? place(layer.layers, `${path}/`, fed, depths) : fed + (hasKernel(layer) ? 1 : 0);
    known.set(layer, depth);
    if (!layer.layers) depths[path] = depth;
    return depth;
  };
  return Math.max(start, ...layers.map(depthOf));
}

function hasKernel({ weights }: LayerLike): boolean {
  return weights.some((weight) => weight.read().rank > 1);
}

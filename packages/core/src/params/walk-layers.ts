import type { LayerLike, LayersLike } from "./layers-like.ts";

/** A layer with the models and wrappers around it, the outermost first. */
export interface PlacedLayer<L extends LayerLike = LayerLike> {
  readonly layer: L;
  readonly around: readonly LayerLike[];
}

/**
 * Lists every layer that computes, also inside nested models and wrappers such as `TimeDistributed`. A shared layer is
 * listed once, at its first place.
 */
export function walkLayers(model: LayersLike): readonly PlacedLayer[] {
  const found = new Map<LayerLike, PlacedLayer>();
  const visit = (layers: readonly LayerLike[], around: readonly LayerLike[]): void => {
    for (const layer of layers) {
      const inner = innerLayers(layer);
      if (inner) visit(inner, [...around, layer]);
      else if (!found.has(layer)) found.set(layer, { layer, around });
    }
  };
  visit(model.layers, []);
  return [...found.values()];
}

/** Returns the layers inside a model or wrapper, or undefined for a layer that computes itself. */
export function innerLayers(layer: object): readonly LayerLike[] | undefined {
  const { layers, layer: wrapped } = layer as Partial<LayersLike> & { readonly layer?: LayerLike };
  return layers ?? (wrapped ? [wrapped] : undefined);
}

/** Returns the stable path of a layer, as `PatchHandle` names it. A wrapper counts as one layer, so the path ends with it. */
export function layerPath({ layer, around }: PlacedLayer): string {
  const wrapper = around.findIndex((outer) => !("layers" in outer));
  return (wrapper < 0 ? [...around, layer] : around.slice(0, wrapper + 1)).map(({ name }) => name).join("/");
}

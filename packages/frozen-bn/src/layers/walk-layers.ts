import type { LayerLike, LayersLike } from "@graftjs/core";

/** A layer and the models and wrappers around it, outermost first. */
export interface PlacedLayer<L extends LayerLike = LayerLike> {
  readonly layer: L;
  readonly around: readonly LayerLike[];
}

/** Every layer that computes, inside nested models and wrappers (`TimeDistributed`) too; a shared one once, where it first stands. */
export function walkLayers(model: LayersLike): readonly PlacedLayer[] {
  const seen = new Set<LayerLike>();
  const found: PlacedLayer[] = [];
  const visit = (layers: readonly LayerLike[], around: readonly LayerLike[]): void => {
    for (const layer of layers) {
      const inner = innerLayers(layer);
      if (inner) visit(inner, [...around, layer]);
      else if (!seen.has(layer)) {
        seen.add(layer);
        found.push({ layer, around });
      }
    }
  };
  visit(model.layers, []);
  return found;
}

/** Models and wrappers around a layer do not compute themselves. `undefined` for one that does. */
export function innerLayers(layer: object): readonly LayerLike[] | undefined {
  const { layers, layer: wrapped } = layer as Partial<LayersLike> & { readonly layer?: LayerLike };
  return layers ?? (wrapped ? [wrapped] : undefined);
}

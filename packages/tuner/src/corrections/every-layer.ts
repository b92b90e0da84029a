import { type LayersLike, layerPath, walkLayers } from "@graftjs/core";

/** A layer that computes, with its stable path. */
export interface EveryLayer {
  readonly path: string;
  readonly layer: object;
}

/**
 * Lists every layer that computes, with the two directions of each Bidirectional. `walkLayers` gives the layer that a Bidirectional was
 * made from, which computes nothing itself.
 */
export function everyLayer(model: LayersLike): readonly EveryLayer[] {
  return walkLayers(model).flatMap((place) => {
    const path = layerPath(place);
    const directions = [...place.around, place.layer].flatMap((outer) => {
      const { forwardLayer, backwardLayer } = outer as {
        readonly forwardLayer?: object;
        readonly backwardLayer?: object;
      };
      return forwardLayer && backwardLayer
        ? ([
            ["forward", forwardLayer],
            ["backward", backwardLayer],
          ] as const)
        : [];
    });
    if (directions.length === 0) return [{ path, layer: place.layer }];
    return directions.map(([name, layer]) => ({ path: `${path}/${name}`, layer }));
  });
}

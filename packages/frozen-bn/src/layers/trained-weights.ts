import type { WritableWeight } from "./callable-layer.ts";
import { layerTrains } from "./pin-trainable.ts";
import type { PlacedLayer } from "./walk-layers.ts";

/** Whether a gradient of this weight will be asked for. */
export type IsTrained = (weight: WritableWeight | null | undefined) => boolean;

/**
 * Reads the flags of a model's weights. A variable that is marked trainable is trained if its layer and the models around it are
 * too, or if somebody marked the variable alone, as the tuner does.
 */
export function trainedWeights(places: readonly PlacedLayer[]): IsTrained {
  const placeOf = new Map(
    places.flatMap((place) =>
      (place.layer.weights as readonly WritableWeight[]).map((weight) => [weight, place] as const),
    ),
  );
  return (weight) => {
    if (!weight?.read().trainable) return false;
    const place = placeOf.get(weight);
    return !weight.trainable || place === undefined || layerTrains(place);
  };
}

/**
 * Marks the weights of frozen layers as frozen: a layer that is loaded or built after `trainable = false` leaves its weights
 * marked trainable.
 *
 * @returns an undo.
 */
export function markFrozenWeights(places: readonly PlacedLayer[]): () => void {
  const marked = places
    .filter((place) => !layerTrains(place))
    .flatMap(({ layer }) => (layer.weights as readonly WritableWeight[]).filter(({ trainable }) => trainable));
  for (const weight of marked) weight.trainable = false;
  return () => {
    for (const weight of marked) weight.trainable = true;
  };
}

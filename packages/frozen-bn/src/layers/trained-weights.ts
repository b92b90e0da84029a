import type { PlacedLayer } from "@graftjs/core";
import { layerTrains } from "./pin-trainable.ts";
import type { WritableWeight } from "./writable-weight.ts";

/** Tells whether training asks for the gradient of a weight. */
export type IsTrained = (weight: WritableWeight | null | undefined) => boolean;

/**
 * Returns a function that reads the flags of a model's weights.
 *
 * A weight trains if its variable is marked trainable and its layer and the models around the layer are trainable. A
 * variable can also be marked trainable by itself, as the tuner does: then its weight trains in every case.
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
 * Marks the weights of frozen layers as frozen. This is needed because a layer that is loaded or built after
 * `trainable = false` leaves its weights marked trainable.
 *
 * @returns an undo function.
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

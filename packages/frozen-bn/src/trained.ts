import type { WritableWeight } from "./layer-view.ts";
import { layerTrains } from "./pin-trainable.ts";
import type { Placed } from "./walk.ts";

/** Whether a gradient of this weight will be asked for. */
export type IsTrained = (weight: WritableWeight | null | undefined) => boolean;

/**
 * Reads the flags of a model's weights. A variable that is marked trainable is trained if its layer and the models around it are
 * too, or if somebody marked the variable alone, as the tuner does.
 */
export function trainedIn(places: readonly Placed[]): IsTrained {
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
export function markFrozen(places: readonly Placed[]): () => void {
  const marked = places
    .filter((place) => !layerTrains(place))
    .flatMap(({ layer }) => (layer.weights as readonly WritableWeight[]).filter(({ trainable }) => trainable));
  for (const weight of marked) weight.trainable = false;
  return () => {
    for (const weight of marked) weight.trainable = true;
  };
}

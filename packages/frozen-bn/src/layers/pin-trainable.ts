import type { LayerLike } from "@graftjs/core";
import type { WritableWeight } from "./callable-layer.ts";
import type { PlacedLayer } from "./walk-layers.ts";

/** Whether a layer trains: it and every model around it are trainable. Setting a model's flag does not set its layers'. */
export function layerTrains({ layer, around }: PlacedLayer): boolean {
  return layer.trainable && around.every(({ trainable }) => trainable);
}

/**
 * Holds the `trainable` of single weights at what `wanted` says; `undefined` leaves a weight alone.
 *
 * tfjs-layers asks three flags (model, layer, weight). A weight that is to train needs all three, and its neighbours must
 * keep what they had in effect. Weights are pinned rather than set because `Sequential.compile` sets them all again.
 *
 * @returns an undo that puts every flag back.
 */
export function pinTrainable(
  places: readonly PlacedLayer[],
  wanted: (weight: WritableWeight) => boolean | undefined,
): () => void {
  const plan = places.flatMap((place) =>
    (place.layer.weights as readonly WritableWeight[])
      .filter(({ originalName }) => !/moving_(mean|variance)$/.test(originalName))
      .map((weight) => ({
        weight,
        holders: [...place.around, place.layer],
        want: wanted(weight),
        flag: weight.trainable,
        effective: weight.trainable && layerTrains(place),
      })),
  );
  const needed = plan.flatMap(({ want, holders }) => (want === true ? holders : []));
  const opened = new Set<LayerLike>(needed.filter(({ trainable }) => !trainable));
  for (const holder of opened) holder.trainable = true;
  const pins = plan
    .filter(({ want, holders }) => want !== undefined || holders.some((holder) => opened.has(holder)))
    .map(({ weight, want, effective, flag }) => pin(weight, want ?? effective, flag));
  return () => {
    for (const { free } of pins) free();
    for (const holder of opened) holder.trainable = false;
    for (const { settle } of pins) settle();
  };
}

/** What others set in the meantime comes into force with `settle`, not before. */
function pin(weight: WritableWeight, trainable: boolean, flag: boolean): { free(): void; settle(): void } {
  let later = flag;
  weight.trainable = trainable;
  Object.defineProperty(weight, "trainable", {
    configurable: true,
    get: () => trainable,
    set: (value: boolean) => {
      later = value;
    },
  });
  return {
    free: () => delete (weight as Partial<WritableWeight>).trainable,
    settle: () => {
      weight.trainable = later;
    },
  };
}

import type { LayerLike, PlacedLayer } from "@graftjs/core";
import type { WritableWeight } from "./writable-weight.ts";

/**
 * Tells whether a layer trains: the layer and every model around it must be trainable. The flag of a model does not change
 * the flags of its layers.
 */
export function layerTrains({ layer, around }: PlacedLayer): boolean {
  return layer.trainable && around.every(({ trainable }) => trainable);
}

/**
 * Fixes the `trainable` flag of single weights.
 *
 * tfjs-layers asks three flags: model, layer and weight. All three must be set for a weight to train. If this function sets
 * the flag of a layer or model, it keeps the other weights in it as they were. It fixes the flags instead of setting them,
 * because `Sequential.compile` sets them again.
 *
 * @param wanted returns the flag for a weight, or undefined to leave the weight as it is.
 * @returns an undo function that puts every flag back.
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
    for (const { unpin } of pins) unpin();
    for (const holder of opened) holder.trainable = false;
    for (const { restoreFlag } of pins) restoreFlag();
  };
}

/** Fixes one flag. Values that others set in the meantime are kept for `restoreFlag`. */
function pin(weight: WritableWeight, trainable: boolean, flag: boolean): { unpin(): void; restoreFlag(): void } {
  let latest = flag;
  weight.trainable = trainable;
  Object.defineProperty(weight, "trainable", {
    configurable: true,
    get: () => trainable,
    set: (value: boolean) => {
      latest = value;
    },
  });
  return {
    unpin: () => delete (weight as Partial<WritableWeight>).trainable,
    restoreFlag: () => {
      weight.trainable = latest;
    },
  };
}

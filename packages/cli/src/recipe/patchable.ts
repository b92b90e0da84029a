import type { LayersLike } from "@graftjs/core";
import type { TunableModel } from "@graftjs/tuner";

/** Returns the layers of a model that patches are applied to. */
export function patchableOf(model: TunableModel): LayersLike {
  return "patchable" in model ? model.patchable : model;
}

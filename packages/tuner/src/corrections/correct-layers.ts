import { type CallableLayer, type LayerCall, type LayersLike, overrideCall } from "@graftjs/core";
import { correctBatchNorm } from "./batch-norm.ts";
import { everyLayer } from "./every-layer.ts";
import { freeMasks, withNewMasks } from "./recurrent-cells.ts";

/** Makes a correct `call` for a layer, or returns undefined if the layer's own is right. */
type Correction = (layer: CallableLayer, previous: LayerCall) => LayerCall | undefined;

/** The layer classes that stock tfjs-layers computes wrongly in some case. */
const CORRECTIONS: Readonly<Record<string, Correction>> = {
  BatchNormalization: correctBatchNorm,
  RNN: withNewMasks,
};

/** The result of {@link correctLayers}. */
export interface CorrectedLayers {
  /** Takes the replacements back. */
  restore(): void;
  /** Frees the dropout masks that recurrent layers keep. */
  freeMasks(): void;
}

/**
 * Replaces `call` of the layers that stock tfjs-layers computes wrongly, so that a run trains and evaluates with right numbers. Layers
 * whose `call` was replaced before are not changed.
 */
export function correctLayers(model: LayersLike): CorrectedLayers {
  const layers = everyLayer(model).map(({ layer }) => layer);
  const undo = layers.map(correct);
  return {
    restore() {
      for (const step of undo.splice(0).reverse()) step();
    },
    freeMasks: () => layers.forEach(freeMasks),
  };
}

function correct(given: object): () => void {
  const layer = given as CallableLayer;
  const correction = CORRECTIONS[layer.getClassName()];
  if (!correction || Object.hasOwn(layer, "call")) return () => {};
  const corrected = correction(layer, layer.call.bind(layer));
  return corrected ? overrideCall(layer, () => corrected) : () => {};
}

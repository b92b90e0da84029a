import { type CallableLayer, type LayerCall, type LayersLike, overrideCall } from "@graftjs/core";
import { correctBatchNorm } from "./batch-norm.ts";
import { encodeWithoutReading } from "./category-encoding.ts";
import { correctConv1d, correctConv2d } from "./convolutions.ts";
import { everyLayer } from "./every-layer.ts";
import { correctLayerNorm } from "./layer-norm.ts";
import { correctMaskedPooling } from "./masked-pooling.ts";
import { correctMergedMask } from "./merged-masks.ts";
import { freeMasks, withNewMasks } from "./recurrent-cells.ts";
import { softmaxOverAxis } from "./softmax.ts";
import { correctUpSampling } from "./up-sampling.ts";

/** Makes a correct `call` for a layer, or returns undefined if the layer's own is right. */
type Correction = (layer: CallableLayer, previous: LayerCall) => LayerCall | undefined;

/** The layer classes that stock tfjs-layers computes wrongly in some case. */
const CORRECTIONS: Readonly<Record<string, Correction>> = {
  BatchNormalization: correctBatchNorm,
  CategoryEncoding: encodeWithoutReading,
  Conv1D: correctConv1d,
  Conv2D: correctConv2d,
  GlobalAveragePooling1D: correctMaskedPooling,
  LayerNormalization: correctLayerNorm,
  RNN: withNewMasks,
  Softmax: softmaxOverAxis,
  UpSampling2D: correctUpSampling,
};

/** Classes whose correct `call` computes the same in training as in inference, so that a frozen trunk may contain them. */
const PURE: ReadonlySet<string> = new Set([
  ...[
    "CategoryEncoding",
    "Conv1D",
    "Conv2D",
    "GlobalAveragePooling1D",
    "LayerNormalization",
    "Softmax",
    "UpSampling2D",
  ],
]);

/** The result of {@link correctLayers}. */
export interface CorrectedLayers {
  /** Stable paths of the corrected layers that compute the same in training as in inference. */
  readonly pure: readonly string[];
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
  const layers = everyLayer(model);
  const undo: (() => void)[] = [];
  const pure: string[] = [];
  for (const { layer: given, path } of layers) {
    const layer = given as CallableLayer;
    const undoMask = correctMergedMask(layer);
    if (undoMask) undo.push(undoMask);
    const correction = CORRECTIONS[layer.getClassName()];
    const corrected = Object.hasOwn(layer, "call") ? undefined : correction?.(layer, layer.call.bind(layer));
    if (!corrected) continue;
    undo.push(overrideCall(layer, () => corrected));
    if (PURE.has(layer.getClassName())) pure.push(path);
  }
  return {
    pure,
    restore() {
      for (const step of undo.splice(0).reverse()) step();
    },
    freeMasks() {
      for (const { layer } of layers) freeMasks(layer);
    },
  };
}

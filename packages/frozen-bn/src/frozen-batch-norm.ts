import {
  type LayerCall,
  type LayerLike,
  type LayersLike,
  layerPath,
  type ModelPatch,
  onlyTensor,
  overrideCall,
  type PatchHandle,
  walkLayers,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { inferredBy } from "./blocks/batch-norm-op.ts";
import { bnActivation } from "./blocks/bn-activation.ts";
import { patchBlocks } from "./blocks/patch-blocks.ts";
import { checkOptions, type FrozenBatchNormOptions, type Switches, switchesOf } from "./frozen-batch-norm-options.ts";
import type { BatchNormLayer } from "./layers/batch-norm-layer.ts";
import { type FoundBatchNorm, findBatchNorms } from "./layers/find-batch-norms.ts";
import { layerTrains, pinTrainable } from "./layers/pin-trainable.ts";
import { type IsTrained, markFrozenWeights, trainedWeights } from "./layers/trained-weights.ts";
import { moveStatistics, moveStatisticsBy, normalizeByBatch } from "./statistics/normalize-by-batch.ts";

/**
 * Freezes the statistics of batch normalization at their pretrained values while the rest of the model trains.
 *
 * The layers compute y = γ·(x − μ)/√(σ² + ε) + β with the running μ and σ² of the loaded model, in `fit` as in `predict`.
 * Training never changes the statistics. Stock tfjs normalizes by the batch and changes them, even if `layer.trainable` is
 * false (tfjs-layers `normalization.ts`; Keras fixed the same in 2.0). `restore()` brings back the stock layers.
 *
 * @throws OptionsError if an option is wrong. At `apply`, GraftError for a GraphModel, and SelectionError for a model without
 *   the selected batch norm layers. The model is then unchanged.
 */
export function frozenBatchNorm(options: FrozenBatchNormOptions = {}): ModelPatch {
  checkOptions(options);
  return { name: "frozen-bn", apply: (model) => apply(model, options) };
}

function apply(model: LayersLike, options: FrozenBatchNormOptions): PatchHandle {
  const found = findBatchNorms(model, options.layers);
  const places = walkLayers(model);
  const isTrained = trainedWeights(places);
  const undo = [setFlags(model, found, options), markFrozenWeights(places)];
  for (const place of found) {
    const switches = (): Switches => switchesOf(options, layerTrains(place));
    undo.push(overrideCall(place.layer, (previous) => batchNormCall(place.layer, previous, switches, isTrained)));
  }
  const foundByLayer = new Map<LayerLike, FoundBatchNorm>(found.map((place) => [place.layer, place]));
  const isFrozen = (layer: LayerLike): boolean => {
    const place = foundByLayer.get(layer);
    return place !== undefined && freezesStatistics(switchesOf(options, layerTrains(place)));
  };
  const held = found.filter(({ layer }) => isFrozen(layer)).map(({ path }) => path);
  const { blocks = "exact" } = options;
  let pure: readonly string[] = [];
  if (blocks !== "off") {
    const norms = found.map(({ layer }) => layer);
    const patched = patchBlocks(model, { norms, hasFrozenStatistics: isFrozen, isTrained, fold: blocks === "folded" });
    undo.push(patched.restore);
    pure = pathsOf(model, new Set(patched.replaced.filter((layer) => !foundByLayer.has(layer))));
  }
  return {
    held,
    pure,
    summary: `${found.length} batch norm layers patched (${options.preset ?? "statistics"}), statistics of ${held.length} frozen`,
    restore: () => {
      for (const step of undo.splice(0).reverse()) step();
    },
  };
}

/** Returns the stable paths of layers. For a layer inside a wrapper it returns the path of the wrapper. */
function pathsOf(model: LayersLike, layers: ReadonlySet<LayerLike>): readonly string[] {
  const paths = walkLayers(model)
    .filter(({ layer }) => layers.has(layer))
    .map(layerPath);
  return [...new Set(paths)];
}

function freezesStatistics({ normalizeBy, updateStatistics }: Switches): boolean {
  return normalizeBy === "running" && !updateStatistics;
}

function batchNormCall(
  layer: BatchNormLayer,
  previous: LayerCall,
  switches: () => Switches,
  isTrained: IsTrained,
): LayerCall {
  return (inputs, kwargs) => {
    const { normalizeBy, updateStatistics } = switches();
    const training = kwargs?.training === true;
    const x = onlyTensor(inputs);
    if (normalizeBy === "batch" && !training) return inferredBy(layer, x, () => previous(inputs, kwargs));
    return tf.tidy(() => {
      if (normalizeBy === "batch") {
        const { y, mean, variance } = normalizeByBatch(x, layer);
        if (updateStatistics) moveStatistics(layer, { mean, variance });
        return y;
      }
      const y = bnActivation(x, { norm: layer, isTrained });
      if (updateStatistics && training) moveStatisticsBy(x, layer);
      return y;
    });
  };
}

/** Sets the flags of gamma and beta if a switch asks for it. The preset `bn-only` also freezes all other weights. */
function setFlags(model: LayersLike, found: readonly FoundBatchNorm[], options: FrozenBatchNormOptions): () => void {
  const affine = new Map<unknown, boolean>();
  for (const place of found) {
    const { trainGamma, trainBeta } = switchesOf(options, layerTrains(place));
    const { gamma, beta } = place.layer;
    if (gamma && trainGamma !== "as-layer") affine.set(gamma, trainGamma);
    if (beta && trainBeta !== "as-layer") affine.set(beta, trainBeta);
  }
  const rest = options.preset === "bn-only" ? false : undefined;
  return pinTrainable(walkLayers(model), (weight) => affine.get(weight) ?? rest);
}

import type { LayerLike, LayersLike, ModelPatch, PatchHandle } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { bnActivation } from "./blocks/bn-activation.ts";
import { patchBlocks } from "./blocks/patch-blocks.ts";
import { checkOptions, type FrozenBatchNormOptions, type Switches, switchesOf } from "./frozen-batch-norm-options.ts";
import type { BatchNormLayer } from "./layers/batch-norm-layer.ts";
import { type LayerCall, onlyTensor } from "./layers/callable-layer.ts";
import { type FoundBatchNorm, findBatchNorms } from "./layers/find-batch-norms.ts";
import { overrideCall } from "./layers/override-call.ts";
import { layerTrains, pinTrainable } from "./layers/pin-trainable.ts";
import { type IsTrained, markFrozenWeights, trainedWeights } from "./layers/trained-weights.ts";
import { walkLayers } from "./layers/walk-layers.ts";
import { moveStatistics, moveStatisticsBy, normalizeByBatch } from "./statistics/normalize-by-batch.ts";

/**
 * Holds batch normalization at its pretrained statistics while the rest of the model trains.
 *
 * y = γ·(x − μ)/√(σ² + ε) + β with the running μ and σ² of the loaded model, in `fit` as in `predict`, and no step moves
 * them. Stock tfjs normalises by the batch and moves them even where `layer.trainable` is false
 * (tfjs-layers `normalization.ts`; Keras mended the same in 2.0). Reversible: `restore()` gives back the stock layers.
 *
 * @throws OptionsError where an option is out of range or unknown; at `apply`, GraftError for a GraphModel and
 *   SelectionError for a model without the batch norm that `layers` asks for. The model is then unchanged.
 */
export function frozenBatchNorm(options: FrozenBatchNormOptions = {}): ModelPatch {
  checkOptions(options);
  return { name: "frozen-bn", apply: (model) => apply(model, options) };
}

function apply(model: LayersLike, options: FrozenBatchNormOptions): PatchHandle {
  const found = findBatchNorms(model, options.layers);
  const everywhere = walkLayers(model);
  const isTrained = trainedWeights(everywhere);
  const undo = [setFlags(model, found, options), markFrozenWeights(everywhere)];
  for (const place of found) {
    const switches = (): Switches => switchesOf(options, layerTrains(place));
    undo.push(overrideCall(place.layer, (former) => batchNormCall(place.layer, former, switches, isTrained)));
  }
  const places = new Map<LayerLike, FoundBatchNorm>(found.map((place) => [place.layer, place]));
  const holds = (layer: LayerLike): boolean => {
    const place = places.get(layer);
    return place !== undefined && isHeld(switchesOf(options, layerTrains(place)));
  };
  const held = found.filter(({ layer }) => holds(layer)).map(({ path }) => path);
  const { blocks = "exact" } = options;
  let pure: readonly string[] = [];
  if (blocks !== "off") {
    const norms = found.map(({ layer }) => layer);
    const patched = patchBlocks(model, { norms, isHeld: holds, isTrained, fold: blocks === "folded" });
    undo.push(patched.restore);
    pure = pathsOf(model, new Set(patched.replaced.filter((layer) => !places.has(layer))));
  }
  return {
    held,
    pure,
    summary: `${found.length} batch norm layers patched (${options.preset ?? "statistics"}), statistics of ${held.length} held`,
    restore: () => {
      for (const step of undo.splice(0).reverse()) step();
    },
  };
}

/** Stable paths of layers; inside a wrapper, the wrapper's. */
function pathsOf(model: LayersLike, layers: ReadonlySet<LayerLike>): readonly string[] {
  const paths = walkLayers(model)
    .filter(({ layer }) => layers.has(layer))
    .map(({ layer, around }) => {
      const wrapper = around.findIndex((outer) => !("layers" in outer));
      return (wrapper < 0 ? [...around, layer] : around.slice(0, wrapper + 1)).map(({ name }) => name).join("/");
    });
  return [...new Set(paths)];
}

function isHeld({ normalizeBy, updateStatistics }: Switches): boolean {
  return normalizeBy === "running" && !updateStatistics;
}

function batchNormCall(
  layer: BatchNormLayer,
  former: LayerCall,
  switches: () => Switches,
  isTrained: IsTrained,
): LayerCall {
  return (inputs, kwargs) => {
    const { normalizeBy, updateStatistics } = switches();
    const training = kwargs?.training === true;
    if (normalizeBy === "batch" && !training) return former(inputs, kwargs);
    return tf.tidy(() => {
      const x = onlyTensor(inputs);
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

/** Flags of gamma and beta where a switch forces them; under `bn-only` of everything else as well. */
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

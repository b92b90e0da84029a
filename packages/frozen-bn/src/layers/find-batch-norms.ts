import {
  formatNames,
  GraftError,
  type LayersLike,
  type NamedWeight,
  namedWeights,
  type PlacedLayer,
  SelectionError,
  type Selector,
  selectParams,
  walkLayers,
} from "@graftjs/core";
import { type BatchNormLayer, isBatchNorm } from "./batch-norm-layer.ts";

/** A batch norm layer with the stable path that core gives its weights. */
export interface FoundBatchNorm extends PlacedLayer<BatchNormLayer> {
  readonly path: string;
}

/**
 * Finds the batch norm layers of a Layers model. With a selector, it finds those with a weight that the selector matches.
 *
 * @throws GraftError if the model is not a Layers model: in a GraphModel batch norm is folded. SelectionError if the model
 *   has no batch norm, if a batch norm is not built yet, or if the selector matches none.
 */
export function findBatchNorms(model: LayersLike, selector: Selector | undefined): readonly FoundBatchNorm[] {
  assertLayersModel(model);
  const found = walkLayers(model).filter((place): place is PlacedLayer<BatchNormLayer> => isBatchNorm(place.layer));
  if (found.length === 0) {
    throw new SelectionError(
      `\`${model.name}\` has no batch normalization among its ${model.layers.length} layers.`,
      "Leave `frozen-bn` out for this model.",
    );
  }
  const unbuilt = found.filter(({ layer }) => !layer.movingMean).map(({ layer }) => layer.name);
  if (unbuilt.length > 0) {
    throw new SelectionError(
      `The batch norm layers ${formatNames(unbuilt)} are not built, so they have no statistics.`,
      "Build the model first: give its first layer an inputShape, or run it once.",
    );
  }
  const weights = namedWeights(model);
  const byVariable = new Map(weights.map((weight) => [weight.variable as unknown, weight]));
  const named = found.map((place) => ({
    ...place,
    path: (byVariable.get(place.layer.movingMean.read()) as NamedWeight).layer,
  }));
  if (selector === undefined) return named;
  const variables = new Set<unknown>(named.flatMap(({ layer }) => layer.weights.map((weight) => weight.read())));
  const candidates = weights.filter(({ variable }) => variables.has(variable));
  const picked = new Set<unknown>(
    selectParams(candidates, selector, "`layers` of `frozen-bn`").map(({ variable }) => variable),
  );
  return named.filter(({ layer }) => layer.weights.some((weight) => picked.has(weight.read())));
}

/** @throws GraftError if the model has no layers. The message differs for a GraphModel. */
function assertLayersModel(model: LayersLike): void {
  if (Array.isArray(model.layers)) return;
  const { modelStructure, executor } = model as unknown as { modelStructure?: unknown; executor?: unknown };
  if (executor !== undefined || modelStructure !== undefined) {
    throw new GraftError(
      "A GraphModel has no batch norm to freeze. The converter folded it into the convolutions, or it always uses its running statistics.",
      "Leave `frozen-bn` out for this model. Its statistics never change.",
    );
  }
  throw new GraftError(
    "`frozen-bn` patches the layers of a tf.LayersModel, and this model has none.",
    "Pass the LayersModel. If the model is a plain function, call its batch norm layers with { training: false }.",
  );
}

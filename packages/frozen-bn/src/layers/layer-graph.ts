import { innerLayers, type LayerLike, type LayersLike } from "@graftjs/core";

interface NodeLike {
  readonly inboundLayers: readonly LayerLike[];
  readonly outboundLayer: LayerLike;
}

/** A tfjs-layers layer with its place in the graph: one node per call of the layer, and one per reader of its output. */
export interface ConnectedLayer extends LayerLike {
  readonly inboundNodes?: readonly NodeLike[];
  readonly outboundNodes?: readonly NodeLike[];
}

/**
 * Finds the only layer that reads the output of `layer`.
 *
 * @param outputs the layers of {@link outputLayers}.
 * @returns undefined if several layers or none read it, if `layer` is called several times, or if it is a model output.
 */
export function onlyReader(layer: LayerLike, outputs: ReadonlySet<LayerLike>): LayerLike | undefined {
  const { inboundNodes, outboundNodes } = layer as ConnectedLayer;
  if (inboundNodes?.length !== 1 || outboundNodes?.length !== 1 || outputs.has(layer)) return undefined;
  return (outboundNodes[0] as NodeLike).outboundLayer;
}

/** Finds the layers whose output is an output of the model, or of a model inside it. */
export function outputLayers(model: LayersLike): ReadonlySet<LayerLike> {
  const found = new Set<LayerLike>();
  const visit = (container: object): void => {
    const { outputs = [] } = container as { outputs?: readonly { sourceLayer: LayerLike }[] };
    for (const { sourceLayer } of outputs) found.add(sourceLayer);
    for (const layer of innerLayers(container) ?? []) visit(layer);
  };
  visit(model);
  return found;
}

import type { LayerLike, LayersLike } from "@graftjs/core";
import { innerLayers } from "./walk-layers.ts";

interface NodeLike {
  readonly outboundLayer: LayerLike;
}

export interface Wired extends LayerLike {
  readonly inboundNodes?: readonly unknown[];
  readonly outboundNodes?: readonly NodeLike[];
}

/** The one layer that reads this layer's one output; undefined where there are several, or none, or the model ends here. */
export function onlyReader(layer: LayerLike, outputs: ReadonlySet<LayerLike>): LayerLike | undefined {
  const { inboundNodes, outboundNodes } = layer as Wired;
  if (inboundNodes?.length !== 1 || outboundNodes?.length !== 1 || outputs.has(layer)) return undefined;
  return (outboundNodes[0] as NodeLike).outboundLayer;
}

/** The layers whose output is an output of the model or of a model within. */
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

import type { LayerLike, LayersLike } from "@graftjs/core";
import { type Activation, activationOf, ownActivation } from "./activation.ts";
import { type BatchNormLayer, type CallableLayer, channelAxis } from "./layer-view.ts";
import { type Linear, linearOf } from "./linear.ts";
import { innerLayers } from "./walk.ts";

/** Linear map → batch norm → activation. Any of the three may be missing. */
export interface Block {
  readonly linear?: Linear | undefined;
  readonly norm?: BatchNormLayer | undefined;
  readonly activation: Activation;
}

/** Layers that compute one block, each the only reader of the one before. */
export type Chain = readonly CallableLayer[];

interface NodeLike {
  readonly outboundLayer: LayerLike;
}

interface Wired extends LayerLike {
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

/** Cuts the linear, batch norm and activation layers among `layers` into chains, as long as they get. `norms` are held. */
export function findChains(
  layers: readonly LayerLike[],
  norms: ReadonlySet<LayerLike>,
  outputs: ReadonlySet<LayerLike>,
): readonly Chain[] {
  const taken = new Set<LayerLike>();
  const chainFrom = (first: LayerLike): Chain => {
    const chain = [first as CallableLayer];
    for (;;) {
      const last = chain.at(-1) as CallableLayer;
      const reader = onlyReader(last, outputs);
      const single = (reader as Wired | undefined)?.inboundNodes?.length === 1;
      if (!reader || !single || taken.has(reader) || !follows(last, reader, norms)) return chain;
      chain.push(reader as CallableLayer);
    }
  };
  const starts: ((layer: LayerLike) => boolean)[] = [
    (layer) => linearOf(layer) !== undefined && ownActivation(layer) !== undefined,
    (layer) => norms.has(layer),
    (layer) => activationOf(layer) !== undefined,
  ];
  // Chains from the front first: a batch norm starts one only where no linear layer's has taken it.
  return starts.flatMap((isStart) =>
    layers.flatMap((layer) => {
      if (taken.has(layer) || !isStart(layer)) return [];
      const chain = chainFrom(layer);
      for (const member of chain) taken.add(member);
      return [chain];
    }),
  );
}

function follows(last: LayerLike, reader: LayerLike, norms: ReadonlySet<LayerLike>): boolean {
  if (norms.has(last)) return activationOf(reader) !== undefined;
  if (activationOf(last) !== undefined || ownActivation(last) !== "linear") return false;
  return norms.has(reader) ? channelsLast(reader as BatchNormLayer) : activationOf(reader) !== undefined;
}

/** Linear layers have their channels last; only then is the batch norm's axis that of the outputs. */
function channelsLast(norm: BatchNormLayer): boolean {
  const rank = (norm as { inputSpec?: readonly { ndim?: number }[] }).inputSpec?.[0]?.ndim;
  return norm.axis === -1 || (rank !== undefined && channelAxis(norm, rank) === rank - 1);
}

/** What the layers of a chain, or of its end, compute together. */
export function blockOf(chain: Chain, norms: ReadonlySet<LayerLike>): Block {
  const linear = norms.has(chain[0] as LayerLike) ? undefined : linearOf(chain[0] as LayerLike);
  const norm = chain.find((layer) => norms.has(layer)) as BatchNormLayer | undefined;
  const last = chain.at(-1) as LayerLike;
  const own = linear ? ownActivation(linear.layer) : undefined;
  return { linear, norm, activation: activationOf(last) ?? own ?? "linear" };
}

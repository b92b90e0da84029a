import type { CallableLayer, LayerLike } from "@graftjs/core";
import { type BatchNormLayer, channelAxis } from "../layers/batch-norm-layer.ts";
import { type ConnectedLayer, onlyReader } from "../layers/layer-graph.ts";
import { hasOtherCall } from "../layers/own-calls.ts";
import { type Activation, builtInActivation, standaloneActivation } from "./activation.ts";
import { asLinearLayer } from "./as-linear-layer.ts";
import type { LinearLayer } from "./linear-layer.ts";

/** A linear map, then a batch norm, then an activation. Any of the three can be missing. */
export interface Block {
  readonly linear?: LinearLayer | undefined;
  readonly norm?: BatchNormLayer | undefined;
  readonly activation: Activation;
}

/** The layers of one block, in order. Each is the only reader of the layer before it. */
export type Chain = readonly CallableLayer[];

/**
 * Divides the linear, batch norm and activation layers into chains that are as long as possible.
 *
 * @param norms the batch norm layers that may be part of a chain.
 * @param outputs the layers whose output leaves a model; a chain ends at such a layer.
 */
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
      const single = (reader as ConnectedLayer | undefined)?.inboundNodes?.length === 1;
      if (!reader || !single || taken.has(reader) || !follows(last, reader, norms)) return chain;
      chain.push(reader as CallableLayer);
    }
  };
  const starts: ((layer: LayerLike) => boolean)[] = [
    (layer) => !hasOtherCall(layer) && asLinearLayer(layer) !== undefined && builtInActivation(layer) !== undefined,
    (layer) => norms.has(layer),
    (layer) => standaloneActivation(layer) !== undefined,
  ];
  // Chains that start with a linear layer come first. So a batch norm starts a chain only if no linear layer precedes it.
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
  if (norms.has(last)) return standaloneActivation(reader) !== undefined;
  if (standaloneActivation(last) !== undefined || builtInActivation(last) !== "linear") return false;
  return norms.has(reader) ? channelsLast(reader as BatchNormLayer) : standaloneActivation(reader) !== undefined;
}

/** Tells whether a batch norm works on the last axis. Linear layers put their output channels there. */
function channelsLast(norm: BatchNormLayer): boolean {
  const rank = (norm as { inputSpec?: readonly { ndim?: number }[] }).inputSpec?.[0]?.ndim;
  return norm.axis === -1 || (rank !== undefined && channelAxis(norm, rank) === rank - 1);
}

/** Returns the block that a chain, or the end of a chain, computes. */
export function blockOf(chain: Chain, norms: ReadonlySet<LayerLike>): Block {
  const linear = norms.has(chain[0] as LayerLike) ? undefined : asLinearLayer(chain[0] as LayerLike);
  const norm = chain.find((layer) => norms.has(layer)) as BatchNormLayer | undefined;
  const last = chain.at(-1) as LayerLike;
  const inner = linear ? builtInActivation(linear.layer) : undefined;
  return { linear, norm, activation: standaloneActivation(last) ?? inner ?? "linear" };
}

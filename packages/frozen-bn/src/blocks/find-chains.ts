import type { LayerLike } from "@graftjs/core";
import { type BatchNormLayer, channelAxis } from "../layers/batch-norm-layer.ts";
import type { CallableLayer } from "../layers/callable-layer.ts";
import { onlyReader, type Wired } from "../layers/layer-graph.ts";
import { type Activation, builtInActivation, standaloneActivation } from "./activation.ts";
import { asLinearLayer, type LinearLayer } from "./linear-layer.ts";

/** Linear map → batch norm → activation. Any of the three may be missing. */
export interface Block {
  readonly linear?: LinearLayer | undefined;
  readonly norm?: BatchNormLayer | undefined;
  readonly activation: Activation;
}

/** Layers that compute one block, each the only reader of the one before. */
export type Chain = readonly CallableLayer[];

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
    (layer) => asLinearLayer(layer) !== undefined && builtInActivation(layer) !== undefined,
    (layer) => norms.has(layer),
    (layer) => standaloneActivation(layer) !== undefined,
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
  if (norms.has(last)) return standaloneActivation(reader) !== undefined;
  if (standaloneActivation(last) !== undefined || builtInActivation(last) !== "linear") return false;
  return norms.has(reader) ? channelsLast(reader as BatchNormLayer) : standaloneActivation(reader) !== undefined;
}

/** Linear layers have their channels last; only then is the batch norm's axis that of the outputs. */
function channelsLast(norm: BatchNormLayer): boolean {
  const rank = (norm as { inputSpec?: readonly { ndim?: number }[] }).inputSpec?.[0]?.ndim;
  return norm.axis === -1 || (rank !== undefined && channelAxis(norm, rank) === rank - 1);
}

/** What the layers of a chain, or of its end, compute together. */
export function blockOf(chain: Chain, norms: ReadonlySet<LayerLike>): Block {
  const linear = norms.has(chain[0] as LayerLike) ? undefined : asLinearLayer(chain[0] as LayerLike);
  const norm = chain.find((layer) => norms.has(layer)) as BatchNormLayer | undefined;
  const last = chain.at(-1) as LayerLike;
  const own = linear ? builtInActivation(linear.layer) : undefined;
  return { linear, norm, activation: standaloneActivation(last) ?? own ?? "linear" };
}

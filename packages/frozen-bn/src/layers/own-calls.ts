import { type CallableLayer, type LayerCall, type LayerLike, overrideCall } from "@graftjs/core";

/** The calls that this package gave to layers. */
const ownCalls = new WeakSet<LayerCall>();

/** Does the same as `overrideCall`, and remembers that the call is of this package. */
export function overrideOwnCall(layer: CallableLayer, replace: (previous: LayerCall) => LayerCall): () => void {
  const undo = overrideCall(layer, replace);
  ownCalls.add(layer.call);
  return undo;
}

/** Tells whether something else replaced the layer's call, such as an adapter. A block or a fold would pass that call by. */
export function hasOtherCall(layer: LayerLike): boolean {
  return Object.hasOwn(layer, "call") && !ownCalls.has((layer as CallableLayer).call);
}

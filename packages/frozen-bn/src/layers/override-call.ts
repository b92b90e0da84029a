import type { CallableLayer, LayerCall } from "./callable-layer.ts";

/**
 * Replaces `layer.call` on this instance alone. The replacement gets the former `call`, bound.
 *
 * @returns an undo. Another patch may have covered ours in the meantime; then ours steps aside in place instead of
 *   taking the other one off with it.
 */
export function overrideCall(layer: CallableLayer, replace: (former: LayerCall) => LayerCall): () => void {
  const own = Object.getOwnPropertyDescriptor(layer, "call");
  const former: LayerCall = layer.call.bind(layer);
  const replacement = replace(former);
  let active = true;
  const call: LayerCall = (inputs, kwargs) => (active ? replacement : former)(inputs, kwargs);
  layer.call = call;
  return () => {
    active = false;
    if (layer.call !== call) return;
    if (own) Object.defineProperty(layer, "call", own);
    else delete (layer as Partial<CallableLayer>).call;
  };
}

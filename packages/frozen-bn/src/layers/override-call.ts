import type { CallableLayer, LayerCall } from "./callable-layer.ts";

/**
 * Replaces `call` of one layer instance.
 *
 * @param replace receives the previous `call`, bound to the layer, and returns the new one.
 * @returns an undo function. If another patch has replaced `call` since, the undo keeps that patch and only removes ours
 *   from the chain.
 */
export function overrideCall(layer: CallableLayer, replace: (previous: LayerCall) => LayerCall): () => void {
  const ownProperty = Object.getOwnPropertyDescriptor(layer, "call");
  const previous: LayerCall = layer.call.bind(layer);
  const replacement = replace(previous);
  let active = true;
  const call: LayerCall = (inputs, kwargs) => (active ? replacement : previous)(inputs, kwargs);
  layer.call = call;
  return () => {
    active = false;
    if (layer.call !== call) return;
    if (ownProperty) Object.defineProperty(layer, "call", ownProperty);
    else delete (layer as Partial<CallableLayer>).call;
  };
}

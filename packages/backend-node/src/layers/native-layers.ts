import { callPatch } from "@graftjs/backend";
import { type CallableLayer, type LayerCall, type ModelPatch, onlyTensor } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { TENSORFLOW } from "../load/backend-name.ts";
import { batchNormCall } from "./batch-norm.ts";
import { layerNormCall } from "./layer-norm.ts";

/** Makes a new `call` for a layer, or returns undefined if the layer's settings are not supported. */
type NativeCall = (layer: CallableLayer, stock: LayerCall) => LayerCall | undefined;

/** Computes relu6 in one operation. The layer itself computes relu and then clips. */
const reluCall: NativeCall = (layer, stock) => {
  if ((layer as { readonly maxValue?: number | null }).maxValue !== 6) return undefined;
  return (inputs, kwargs) => (tf.getBackend() === TENSORFLOW ? tf.relu6(onlyTensor(inputs)) : stock(inputs, kwargs));
};

const NATIVE_CALLS: Readonly<Record<string, NativeCall>> = {
  BatchNormalization: batchNormCall,
  LayerNormalization: layerNormCall,
  ReLU: reluCall,
};

/**
 * Returns a patch that makes layers of tfjs-layers train faster on the native backend. Batch norm in training becomes one operation
 * per direction, and tfjs-layers composes about forty. So does layer norm over the last axis. ReLU with `maxValue: 6` (every MobileNet) becomes relu6, which saves a pass per
 * direction. Inference does not need the patch.
 *
 * Values and gradients are the same to float32 rounding. On other backends the layers' own `call` is used. Layers whose `call`
 * another patch has replaced already, such as a frozen batch norm, are not changed.
 */
export function nativeLayers(): ModelPatch {
  return callPatch({
    name: "native-layers",
    kernels: "native",
    callOf: (layer, previous) =>
      Object.hasOwn(layer, "call") ? undefined : NATIVE_CALLS[layer.getClassName()]?.(layer, previous),
    pure: ["LayerNormalization", "ReLU"],
  });
}

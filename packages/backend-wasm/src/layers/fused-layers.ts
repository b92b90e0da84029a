import { callPatch } from "@graftjs/backend";
import type { ModelPatch } from "@graftjs/core";
import { fusedCalls, type Layer } from "./layer-calls.ts";

/**
 * Makes a patch with which batch norm, layer norm, convolution and dropout layers compute by one kernel per direction.
 *
 * The values are the same to float32 rounding, except that dropout uses other masks. Other layers are not changed. On a
 * backend without the kernels, the layers are composed of tfjs ops.
 */
export function fusedLayers(): ModelPatch {
  return callPatch({
    name: "fused-layers",
    kernels: "fused",
    callOf: (layer, previous) => fusedCalls[layer.getClassName()]?.(layer as Layer, previous),
    pure: ["Conv2D", "LayerNormalization", "ReLU"],
  });
}

import { type LayersLike, layerPath, type ModelPatch, overrideCall, type PatchHandle, walkLayers } from "@graftjs/core";
import { fusedCalls, type Layer } from "./layer-calls.ts";

/** Classes whose new call has the same values in training as the old one, so that a frozen trunk may contain them. */
const PURE = ["Conv2D", "LayerNormalization", "ReLU"];

/**
 * Makes a patch with which batch norm, layer norm, convolution and dropout layers compute by one kernel per direction.
 *
 * The values are the same to float32 rounding, except that dropout uses other masks. Other layers are not changed. On a
 * backend without the kernels, the layers are composed of tfjs ops.
 */
export function fusedLayers(): ModelPatch {
  return {
    name: "fused-layers",
    apply(model: LayersLike): PatchHandle {
      const undo: (() => void)[] = [];
      const pure: string[] = [];
      for (const place of walkLayers(model)) {
        const layer = place.layer as Layer;
        const call = fusedCalls[layer.getClassName()]?.(layer, layer.call.bind(layer));
        if (!call) continue;
        undo.push(overrideCall(layer, () => call));
        if (PURE.includes(layer.getClassName())) pure.push(layerPath(place));
      }
      return {
        restore: () => {
          for (const step of undo.splice(0).reverse()) step();
        },
        pure,
        summary: `${undo.length} layers compute by fused kernels`,
      };
    },
  };
}

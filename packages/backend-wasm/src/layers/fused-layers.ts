import type { LayerLike, LayersLike, ModelPatch, PatchHandle } from "@graftjs/core";
import { type Call, fusedCalls, type Layer } from "./layer-calls.ts";

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
      for (const [layer, path] of computingLayers(model)) {
        const own = Object.hasOwn(layer, "call");
        const stock = layer.call;
        const call = fusedCalls[layer.getClassName()]?.(layer, stock);
        if (!call) continue;
        layer.call = call;
        if (PURE.includes(layer.getClassName())) pure.push(path);
        undo.push(() => {
          if (own) layer.call = stock;
          else delete (layer as { call?: Call }).call;
        });
      }
      return {
        restore: () => {
          for (const step of undo.splice(0)) step();
        },
        pure,
        summary: `${undo.length} layers compute by fused kernels`,
      };
    },
  };
}

/**
 * Returns the stable path of every layer, including those of nested models: `block/conv` for the layer `conv` of the nested
 * model `block`. A shared layer has the path at which it occurs first.
 */
function computingLayers(model: LayersLike): ReadonlyMap<Layer, string> {
  const found = new Map<Layer, string>();
  const visit = (layers: readonly LayerLike[], prefix: string): void => {
    for (const layer of layers) {
      const path = prefix + layer.name;
      const nested = (layer as unknown as Partial<LayersLike>).layers;
      if (nested) visit(nested, `${path}/`);
      else if (!found.has(layer as Layer)) found.set(layer as Layer, path);
    }
  };
  visit(model.layers, "");
  return found;
}

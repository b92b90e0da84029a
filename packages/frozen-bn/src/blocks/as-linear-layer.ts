import type { LayerLike } from "@graftjs/core";
import { conv2d, depthwiseConv2d, transposedConv2d } from "./conv-layers.ts";
import { dense } from "./dense-layer.ts";
import type { LinearLayer, LinearLayerFields } from "./linear-layer.ts";

/**
 * Returns a layer as a linear map with its gradients. Supports Conv2D, DepthwiseConv2D, Conv2DTranspose and Dense with the
 * channels last.
 *
 * @returns undefined for other layers, and for dilated convolutions: backends cannot differentiate them.
 */
export function asLinearLayer(layer: LayerLike): LinearLayer | undefined {
  const conv = layer as unknown as LinearLayerFields;
  const name = layer.getClassName();
  if (name === "Dense") return conv.kernel ? dense(conv) : undefined;
  if (conv.dataFormat !== "channelsLast" || conv.padding === undefined) return undefined;
  if ((conv.dilationRate ?? []).some((rate) => rate !== 1)) return undefined;
  if (name === "Conv2D" && conv.kernel) return conv2d(conv);
  if (name === "DepthwiseConv2D" && conv.depthwiseKernel) return depthwiseConv2d(conv, conv.depthwiseKernel);
  return name === "Conv2DTranspose" && conv.kernel ? transposedConv2d(conv) : undefined;
}

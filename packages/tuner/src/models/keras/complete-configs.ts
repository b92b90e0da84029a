import type * as layers from "@tensorflow/tfjs-layers";
import { walkLayers } from "@graftjs/core";

/**
 * Makes SeparableConv2D write its `depth_multiplier` when the model is saved. tfjs-layers leaves it out, so the saved model could not be
 * loaded.
 */
export function completeConfigs(model: layers.LayersModel): void {
  for (const { layer } of walkLayers(model as never)) {
    if (layer.getClassName() !== "SeparableConv2D") continue;
    const separable = layer as unknown as { depthMultiplier: number; getConfig(): object };
    const config = separable.getConfig.bind(separable);
    separable.getConfig = () => ({ ...config(), depthMultiplier: separable.depthMultiplier });
  }
}

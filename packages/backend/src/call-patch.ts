import {
  type CallableLayer,
  type LayerCall,
  type LayersLike,
  layerPath,
  type ModelPatch,
  overrideCall,
  type PatchHandle,
  walkLayers,
} from "@graftjs/core";

/** Settings of a patch that replaces the `call` of layers. */
export interface CallPatch {
  readonly name: string;
  /** The word for the kernels in the patch's summary: "native". */
  readonly kernels: string;
  /** Returns a layer's new `call`, or undefined if the layer keeps its own. `previous` is the layer's present `call`, bound to it. */
  callOf(layer: CallableLayer, previous: LayerCall): LayerCall | undefined;
  /** Classes whose new call has the same values in training as the old one, so that a frozen trunk may contain them. */
  readonly pure: readonly string[];
}

/** Makes a patch that lets layers compute by an adapter's kernels. It is undone layer by layer, the last one first. */
export function callPatch({ name, kernels, callOf, pure }: CallPatch): ModelPatch {
  return {
    name,
    apply(model: LayersLike): PatchHandle {
      const undo: (() => void)[] = [];
      const paths: string[] = [];
      for (const place of walkLayers(model)) {
        const layer = place.layer as CallableLayer;
        const call = callOf(layer, layer.call.bind(layer));
        if (!call) continue;
        undo.push(overrideCall(layer, () => call));
        if (pure.includes(layer.getClassName())) paths.push(layerPath(place));
      }
      return {
        restore() {
          for (const step of undo.splice(0).reverse()) step();
        },
        pure: paths,
        summary: `${undo.length} layers compute by ${kernels} kernels`,
      };
    },
  };
}

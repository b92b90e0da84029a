import { kernel, type WasmGradient } from "../registry/gradients.ts";

/** Gradient of conv2d that knows dilations; tfjs-core's refuses them on every backend. */
export const conv2dGradient: WasmGradient = {
  kernelName: "Conv2D",
  inputsToSave: ["x", "filter"],
  gradFunc: (dy, [x, filter], attrs) => {
    if (!x || !filter) return undefined;
    return {
      x: () => kernel("Conv2DBackpropInput", { dy, filter }, { ...attrs, inputShape: x.shape }),
      filter: () => kernel("Conv2DBackpropFilter", { x, dy }, { ...attrs, filterShape: filter.shape }),
    };
  },
};

import type * as tf from "@tensorflow/tfjs-core";
import { runKernel, type WasmGradient } from "../tfjs-registry/gradients.ts";

/**
 * Makes the gradients of a convolution and of its two gradients, including dilations. tfjs-core's gradients refuse dilations
 * on every backend, or ignore them. Each of the three kernels is linear in both of its inputs, and each of its gradients is
 * another of the three kernels.
 */
function family(forward: string, toInput: string, toFilter: string): readonly WasmGradient[] {
  const convolve = (x: tf.Tensor, filter: tf.Tensor, attrs: tf.NamedAttrMap): tf.Tensor =>
    runKernel(forward, { x, filter }, { ...attrs, dilations: attrs.dilations ?? [1, 1] });
  const inputGradient = (dy: tf.Tensor, filter: tf.Tensor, x: tf.Tensor, attrs: tf.NamedAttrMap): tf.Tensor =>
    runKernel(toInput, { dy, filter }, { ...attrs, inputShape: x.shape });
  const filterGradient = (x: tf.Tensor, dy: tf.Tensor, filter: tf.Tensor, attrs: tf.NamedAttrMap): tf.Tensor =>
    runKernel(toFilter, { x, dy }, { ...attrs, filterShape: filter.shape });
  return [
    {
      kernelName: forward,
      inputsToSave: ["x", "filter"],
      gradFunc: (dy, saved, attrs) => {
        const [x, filter] = saved as Pair;
        return { x: () => inputGradient(dy, filter, x, attrs), filter: () => filterGradient(x, dy, filter, attrs) };
      },
    },
    {
      kernelName: toInput,
      inputsToSave: ["dy", "filter"],
      gradFunc: (ddx, saved, attrs) => {
        const [dy, filter] = saved as Pair;
        return { dy: () => convolve(ddx, filter, attrs), filter: () => filterGradient(ddx, dy, filter, attrs) };
      },
    },
    {
      kernelName: toFilter,
      inputsToSave: ["x", "dy"],
      gradFunc: (ddw, saved, attrs) => {
        const [x, dy] = saved as Pair;
        return { x: () => inputGradient(dy, ddw, x, attrs), dy: () => convolve(x, ddw, attrs) };
      },
    },
  ];
}

type Pair = readonly [tf.Tensor, tf.Tensor];

/** Gradients of conv2d and depthwiseConv2d, and gradients of their gradients. */
export const convolutionGradients: readonly WasmGradient[] = [
  ...family("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter"),
  ...family("DepthwiseConv2dNative", "DepthwiseConv2dNativeBackpropInput", "DepthwiseConv2dNativeBackpropFilter"),
];

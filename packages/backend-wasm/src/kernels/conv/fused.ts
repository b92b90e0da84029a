import * as tf from "@tensorflow/tfjs-core";
import type { SimdKernel } from "../../heap/simd-kernel.ts";

/** Runs Conv2D, bias and activation by FusedConv2D. A name of our own allows a gradient of our own. */
export const convBiasActivation: tf.KernelFunc = ({ inputs, attrs }) =>
  tf.engine().runKernel("FusedConv2D", inputs as unknown as tf.NamedTensorMap, attrs as tf.NamedAttrMap) as tf.Tensor;

/** Runs a convolution by XNNPACK and clamps its output in place. XNNPACK's own clamp would lose a NaN. */
function clamped(kernelName: string, tops: { readonly [activation: string]: number }): SimdKernel {
  return ({ inputs, attrs, heap }) => {
    const top = tops[attrs.activation as string];
    if (top === undefined) return undefined;
    const y = tf.engine().runKernel(kernelName, inputs as unknown as tf.NamedTensorMap, {
      ...attrs,
      activation: "linear",
    }) as tf.Tensor;
    const address = heap.address(y);
    heap.call("clamp", address, address, y.size, 0, top);
    return y;
  };
}

/** Only relu6 is clamped here: XNNPACK's relu of this kernel keeps NaN. */
export const clampedConv2d: SimdKernel = clamped("FusedConv2D", { relu6: 6 });
export const clampedDepthwise: SimdKernel = clamped("FusedDepthwiseConv2D", {
  relu: Number.POSITIVE_INFINITY,
  relu6: 6,
});

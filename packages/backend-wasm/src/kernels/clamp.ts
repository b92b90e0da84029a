import * as tf from "@tensorflow/tfjs-core";
import { input, isFloat, type SimdKernel, sizeOf } from "../heap/simd-kernel.ts";
import { eachNumber } from "../threads/work-sharing.ts";

/** x between two bounds. NaN stays NaN, as on cpu; XNNPACK makes it the lower bound, and a net that has diverged looks sound. */
function clamp(bounds: (attrs: tf.NamedAttrMap) => readonly [number, number]): SimdKernel {
  return (call) => {
    const { heap, attrs } = call;
    const x = input(call, "x");
    if (!isFloat(x)) return undefined;
    const y = heap.output(x.shape);
    const [px, py] = [heap.address(x), heap.address(y)];
    const [low, high] = bounds(attrs);
    heap.share("clamp", sizeOf(x.shape), eachNumber(2), (from, to) => [
      px + 4 * from,
      py + 4 * from,
      to - from,
      low,
      high,
    ]);
    return y;
  };
}

export const relu: SimdKernel = clamp(() => [0, Number.POSITIVE_INFINITY]);
export const relu6: SimdKernel = clamp(() => [0, 6]);
export const clipByValue: SimdKernel = clamp(({ clipValueMin, clipValueMax }) => [
  clipValueMin as number,
  clipValueMax as number,
]);

/** Convolution with a clamp behind it: XNNPACK's own would lose a NaN. In place. */
function convolution(kernelName: string, tops: { readonly [activation: string]: number }): SimdKernel {
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

/** Its relu keeps NaN. */
export const fusedConv2d: SimdKernel = convolution("FusedConv2D", { relu6: 6 });
export const fusedDepthwise: SimdKernel = convolution("FusedDepthwiseConv2D", {
  relu: Number.POSITIVE_INFINITY,
  relu6: 6,
});

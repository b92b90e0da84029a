import * as tf from "@tensorflow/tfjs-core";
import { convGeometry, poolGeometry } from "../shapes/window-geometry.ts";
import { avgPoolGradient } from "./avg-pool.ts";
import {
  convFilterGradient,
  convInputGradient,
  depthwiseInputGradient,
  fittedInputGradient,
} from "./conv-gradients.ts";
import { depthwiseFilterGradient } from "./depthwise-filter-gradient.ts";
import { maxPoolGradient } from "./max-pool.ts";
import { segmentSum } from "./segment-sum.ts";

type Tensors = { readonly [name: string]: tf.Tensor };
type Compose = (inputs: Tensors, attrs: tf.NamedAttrMap) => tf.Tensor;

/** Training kernels composed of stock kernels. They serve engines without SIMD, and tests of the SIMD kernels. */
export const fallbackKernels: { readonly [kernelName: string]: tf.KernelFunc } = {
  AvgPoolGrad: composed(({ dy, input }, attrs) =>
    avgPoolGradient(dy as tf.Tensor4D, poolGeometry((input as tf.Tensor).shape, attrs)),
  ),
  Conv2DBackpropFilter: composed(({ x, dy }, attrs) =>
    convFilterGradient(
      x as tf.Tensor4D,
      dy as tf.Tensor4D,
      convGeometry("Conv2DBackpropFilter", (x as tf.Tensor).shape, attrs.filterShape as number[], attrs, false),
    ),
  ),
  Conv2DBackpropInput: composed((inputs, attrs) => {
    const [dy, filter] = [inputs.dy as tf.Tensor4D, inputs.filter as tf.Tensor4D];
    const g = convGeometry("Conv2DBackpropInput", attrs.inputShape as number[], filter.shape, attrs, false);
    return tf.util.arraysEqual(dy.shape, g.outShape)
      ? convInputGradient(dy, filter, g)
      : fittedInputGradient(inputs, attrs, g);
  }),
  DepthwiseConv2dNativeBackpropFilter: composed(({ x, dy }, attrs) =>
    depthwiseFilterGradient(
      x as tf.Tensor4D,
      dy as tf.Tensor4D,
      convGeometry(
        "DepthwiseConv2dNativeBackpropFilter",
        (x as tf.Tensor).shape,
        attrs.filterShape as number[],
        attrs,
        true,
      ),
    ),
  ),
  DepthwiseConv2dNativeBackpropInput: composed(({ dy, filter }, attrs) =>
    depthwiseInputGradient(
      dy as tf.Tensor4D,
      filter as tf.Tensor4D,
      convGeometry(
        "DepthwiseConv2dNativeBackpropInput",
        attrs.inputShape as number[],
        (filter as tf.Tensor).shape,
        attrs,
        true,
      ),
    ),
  ),
  MaxPoolGrad: composed(({ dy, input }, attrs) =>
    maxPoolGradient(dy as tf.Tensor4D, input as tf.Tensor4D, poolGeometry((input as tf.Tensor).shape, attrs)),
  ),
  UnsortedSegmentSum: composed(({ x, segmentIds }, attrs) =>
    segmentSum(x as tf.Tensor, segmentIds as tf.Tensor, attrs.numSegments as number),
  ),
};

/** Wraps a function of tensors as a kernel. All tensors but the result are freed. */
function composed(compose: Compose): tf.KernelFunc {
  return ({ inputs, attrs }) => tf.tidy(() => compose(inputs as unknown as Tensors, attrs ?? {}));
}

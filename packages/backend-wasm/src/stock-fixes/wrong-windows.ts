import * as tf from "@tensorflow/tfjs-core";
import { conv3d, conv3dFilterGradient, conv3dInputGradient } from "../fallback/conv3d.ts";
import {
  dilation2d,
  dilation2dFilterGradient,
  dilation2dInfo,
  dilation2dInputGradient,
} from "../fallback/dilation2d.ts";
import { maxPool3d, maxPool3dGradient, pool3dInfo } from "../fallback/max-pool3d.ts";
import type { Geometry } from "../shapes/window-geometry.ts";

type Inputs = { readonly [name: string]: tf.Tensor };

/** Fixes of stock's 3-D convolutions and pools and of its dilations, composed of correct stock kernels. */
export const windowResultFixes: { readonly [kernelName: string]: (stock: tf.KernelFunc) => tf.KernelFunc } = {
  Conv3D: (stock) => (params) => {
    const { x, filter } = params.inputs as unknown as Inputs;
    const { strides, pad, dilations } = params.attrs as unknown as Conv3DAttrs;
    const info = tf.backend_util.computeConv3DInfo(
      t(x).shape as Shape5,
      t(filter).shape as Shape5,
      strides,
      dilations,
      pad,
    );
    const takes = t(x).dtype === "float32" && t(filter).dtype === "float32" && info.outShape.every((size) => size > 0);
    return takes ? tf.tidy(() => conv3d(t(x), t(filter), info)) : stock(params);
  },
  Conv3DBackpropFilterV2: () =>
    composed(({ x, dy }, attrs) => {
      const { filterShape, strides, pad } = attrs as unknown as Conv3DAttrs;
      return conv3dFilterGradient(
        t(x),
        t(dy),
        tf.backend_util.computeConv3DInfo(t(x).shape as Shape5, filterShape, strides, 1, pad),
      );
    }),
  Conv3DBackpropInputV2: () =>
    composed(({ dy, filter }, attrs) => {
      const { inputShape, strides, pad } = attrs as unknown as Conv3DAttrs;
      const info = tf.backend_util.computeConv3DInfo(inputShape, t(filter).shape as Shape5, strides, 1, pad);
      return conv3dInputGradient(t(dy), t(filter), info);
    }),
  Dilation2D: () => composed((inputs, attrs) => dilation2d(...dilating(inputs, attrs))),
  Dilation2DBackpropFilter: () =>
    composed((inputs, attrs) => {
      const [x, filter, g] = dilating(inputs, attrs);
      return dilation2dFilterGradient(x, filter, inputs.dy as tf.Tensor4D, g);
    }),
  Dilation2DBackpropInput: () =>
    composed((inputs, attrs) => {
      const [x, filter, g] = dilating(inputs, attrs);
      return dilation2dInputGradient(x, filter, inputs.dy as tf.Tensor4D, g);
    }),
  MaxPool3D: () => composed(({ x }, attrs) => maxPool3d(x as tf.Tensor, pool3dInfo((x as tf.Tensor).shape, attrs))),
  MaxPool3DGrad: () =>
    composed(({ dy, input }, attrs) =>
      maxPool3dGradient(dy as tf.Tensor, input as tf.Tensor, pool3dInfo((input as tf.Tensor).shape, attrs)),
    ),
};

type Shape5 = [number, number, number, number, number];
interface Conv3DAttrs {
  readonly inputShape: Shape5;
  readonly filterShape: Shape5;
  readonly strides: [number, number, number] | number;
  readonly pad: "valid" | "same";
  readonly dilations: [number, number, number] | number;
}

/** Asserts an input that tfjs always passes. */
const t = (tensor: tf.Tensor | undefined): tf.Tensor => tensor as tf.Tensor;

function dilating({ x, filter }: Inputs, attrs: tf.NamedAttrMap): [tf.Tensor4D, tf.Tensor3D, Geometry] {
  const [image, weights] = [x as tf.Tensor4D, filter as tf.Tensor3D];
  return [image, weights, dilation2dInfo(image, weights, attrs)];
}

function composed(compose: (inputs: Inputs, attrs: tf.NamedAttrMap) => tf.Tensor): tf.KernelFunc {
  return ({ inputs, attrs }) => tf.tidy(() => compose(inputs as unknown as Inputs, attrs ?? {}));
}

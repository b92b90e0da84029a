import * as tf from "@tensorflow/tfjs-core";
import type { Geometry } from "../geometry.ts";
import { dilation2d, dilation2dFilterGradient, dilation2dInfo, dilation2dInputGradient } from "./dilation2d.ts";
import { conv3dFilterGradient, conv3dInputGradient, maxPool3d, maxPool3dGradient, pool3dInfo } from "./volume.ts";

type Inputs = { readonly [name: string]: tf.Tensor };

/** Kernels that stock wasm has and gets wrong, out of others that it gets right. `stock` does the cases that are right. */
export const corrections: { readonly [kernelName: string]: (stock: tf.KernelFunc) => tf.KernelFunc } = {
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
  Prelu: (stock) => (params) => {
    const { x, alpha } = params.inputs as unknown as Inputs;
    if (tf.util.arraysEqual((x as tf.Tensor).shape, (alpha as tf.Tensor).shape)) return stock(params);
    return tf.tidy(() => tf.add(tf.relu(x as tf.Tensor), tf.mul(alpha as tf.Tensor, tf.minimum(x as tf.Tensor, 0))));
  },
};

type Shape5 = [number, number, number, number, number];
interface Conv3DAttrs {
  readonly inputShape: Shape5;
  readonly filterShape: Shape5;
  readonly strides: [number, number, number] | number;
  readonly pad: "valid" | "same";
}

/** An input that tfjs always gives. */
const t = (tensor: tf.Tensor | undefined): tf.Tensor => tensor as tf.Tensor;

function dilating({ x, filter }: Inputs, attrs: tf.NamedAttrMap): [tf.Tensor4D, tf.Tensor3D, Geometry] {
  const [image, weights] = [x as tf.Tensor4D, filter as tf.Tensor3D];
  return [image, weights, dilation2dInfo(image, weights, attrs)];
}

function composed(compose: (inputs: Inputs, attrs: tf.NamedAttrMap) => tf.Tensor): tf.KernelFunc {
  return ({ inputs, attrs }) => tf.tidy(() => compose(inputs as unknown as Inputs, attrs ?? {}));
}

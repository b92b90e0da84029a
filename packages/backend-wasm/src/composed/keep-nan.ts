import * as tf from "@tensorflow/tfjs-core";
import { poolGeometry } from "../geometry.ts";
import { exactMargins, fit, tapSlab } from "./slabs.ts";

type Guard = (stock: tf.KernelFunc) => tf.KernelFunc;

/** What a kernel has returned: a guard returns a tensor, stock only what is known of one. */
const asTensor = (result: tf.TensorInfo | tf.TensorInfo[]): tf.Tensor =>
  result instanceof tf.Tensor ? result : tf.engine().makeTensorFromTensorInfo(result as tf.TensorInfo);

/** Greatest or smallest of two tensors: NaN where either is. Stock passes over a NaN in the first. */
const extremum: Guard = (stock) => (params) =>
  tf.tidy(() => {
    const { a, b } = params.inputs as unknown as { readonly a: tf.Tensor; readonly b: tf.Tensor };
    const y = asTensor(stock(params));
    return a.dtype === "float32" ? tf.where(tf.logicalOr(tf.isNaN(a), tf.isNaN(b)), Number.NaN, y) : y;
  });

/** A convolution with its clamp behind it: XNNPACK's own makes NaN the lower bound. */
function unclamped(kernelName: string, activations: readonly string[]): Guard {
  return (stock) => (params) => {
    const { activation, ...attrs } = (params.attrs ?? {}) as tf.NamedAttrMap;
    if (!activations.includes(activation as string)) return stock(params);
    return tf.tidy(() => {
      const inputs = params.inputs as unknown as tf.NamedTensorMap;
      const y = tf.engine().runKernel(kernelName, inputs, { ...attrs, activation: "linear" }) as tf.Tensor;
      return activation === "relu" ? tf.relu(y) : tf.relu6(y);
    });
  };
}

/** Pooling. XNNPACK refuses windows of one pixel; of max pooling NaN is passed over, as on cpu. */
function pooling(max: boolean): Guard {
  return (stock) => (params) => {
    const { x } = params.inputs as unknown as { readonly x: tf.Tensor4D };
    if (x.dtype !== "float32") return stock(params);
    const g = poolGeometry(x.shape, params.attrs);
    const nothing = max ? Number.NEGATIVE_INFINITY : Number.NaN;
    return tf.tidy(() => {
      const seen = max ? tf.where(tf.isNaN(x), nothing, x) : x;
      if (g.filterHeight === 1 && g.filterWidth === 1)
        return tf.util.arraysEqual(g.inShape, g.outShape)
          ? tf.clone(x)
          : tapSlab(fit(seen as tf.Tensor4D, exactMargins(g), nothing), g, 0, 0);
      return asTensor(stock({ ...params, inputs: { x: seen } }));
    });
  };
}

/** Guards for engines without SIMD; with SIMD our own kernels stand there. */
export const nanKeepers: { readonly [kernelName: string]: Guard } = {
  AvgPool: pooling(false),
  FusedConv2D: unclamped("FusedConv2D", ["relu6"]),
  FusedDepthwiseConv2D: unclamped("FusedDepthwiseConv2D", ["relu", "relu6"]),
  MaxPool: pooling(true),
  Maximum: extremum,
  Minimum: extremum,
};

import * as tf from "@tensorflow/tfjs-core";
import { type Geometry, poolGeometry } from "../shapes/window-geometry.ts";
import { avgPool } from "../fallback/avg-pool.ts";
import { maxPool } from "../fallback/max-pool.ts";

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

/** Max pooling. NaN is passed over, as on cpu. */
const maximumPool: Guard = (stock) => (params) => {
  const { x } = params.inputs as unknown as { readonly x: tf.Tensor4D };
  if (x.dtype !== "float32") return stock(params);
  const g = poolGeometry(x.shape, params.attrs);
  return tf.tidy(() => {
    if (isNothing(g)) return tf.clone(x);
    if (isRare(g)) return maxPool(x, g);
    const seen = tf.where(tf.isNaN(x), Number.NEGATIVE_INFINITY, x);
    return asTensor(stock({ ...params, inputs: { x: seen } }));
  });
};

const averagePool: Guard = (stock) => (params) => {
  const { x } = params.inputs as unknown as { readonly x: tf.Tensor4D };
  const g = poolGeometry(x.shape, params.attrs);
  if (x.dtype !== "float32" || !isRare(g)) return stock(params);
  return tf.tidy(() => (isNothing(g) ? tf.clone(x) : avgPool(x, g)));
};

/** Windows that stock cannot pool: those with dilations, and those of one pixel. */
const isRare = (g: Geometry): boolean =>
  g.dilationHeight > 1 || g.dilationWidth > 1 || (g.filterHeight === 1 && g.filterWidth === 1);

/** tfjs's backends all take a window of one pixel for nothing to do where the sizes agree, whatever the stride. */
const isNothing = (g: Geometry): boolean =>
  g.filterHeight === 1 && g.filterWidth === 1 && tf.util.arraysEqual(g.inShape, g.outShape);

/** Guards for engines without SIMD; with SIMD our own kernels stand there. */
export const nanFixes: { readonly [kernelName: string]: Guard } = {
  AvgPool: averagePool,
  FusedConv2D: unclamped("FusedConv2D", ["relu6"]),
  FusedDepthwiseConv2D: unclamped("FusedDepthwiseConv2D", ["relu", "relu6"]),
  MaxPool: maximumPool,
  Maximum: extremum,
  Minimum: extremum,
};

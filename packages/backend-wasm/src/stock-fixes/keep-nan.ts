import * as tf from "@tensorflow/tfjs-core";
import { avgPool } from "../fallback/avg-pool.ts";
import { maxPool } from "../fallback/max-pool.ts";
import { type Geometry, poolGeometry } from "../shapes/window-geometry.ts";

type Fix = (stock: tf.KernelFunc) => tf.KernelFunc;

/** Returns a kernel's result as a tensor. Fixes return tensors, stock kernels only the info of a tensor. */
const asTensor = (result: tf.TensorInfo | tf.TensorInfo[]): tf.Tensor =>
  result instanceof tf.Tensor ? result : tf.engine().makeTensorFromTensorInfo(result as tf.TensorInfo);

/** Makes the maximum or minimum NaN if either number is NaN. Stock ignores a NaN in the first tensor. */
const extremum: Fix = (stock) => (params) =>
  tf.tidy(() => {
    const { a, b } = params.inputs as unknown as { readonly a: tf.Tensor; readonly b: tf.Tensor };
    const y = asTensor(stock(params));
    return a.dtype === "float32" ? tf.where(tf.logicalOr(tf.isNaN(a), tf.isNaN(b)), Number.NaN, y) : y;
  });

/** Applies a convolution's clamp as a separate op. XNNPACK's own clamp turns NaN into the lower bound. */
function unclamped(kernelName: string, activations: readonly string[]): Fix {
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

/** Makes max pooling skip NaN, as on cpu. */
const maximumPool: Fix = (stock) => (params) => {
  const { x } = params.inputs as unknown as { readonly x: tf.Tensor4D };
  if (x.dtype !== "float32") return stock(params);
  const g = poolGeometry(x.shape, params.attrs);
  return tf.tidy(() => {
    if (isCopy(g)) return tf.clone(x);
    if (isRare(g)) return maxPool(x, g);
    const withoutNaN = tf.where(tf.isNaN(x), Number.NEGATIVE_INFINITY, x);
    return asTensor(stock({ ...params, inputs: { x: withoutNaN } }));
  });
};

const averagePool: Fix = (stock) => (params) => {
  const { x } = params.inputs as unknown as { readonly x: tf.Tensor4D };
  const g = poolGeometry(x.shape, params.attrs);
  if (x.dtype !== "float32" || !isRare(g)) return stock(params);
  return tf.tidy(() => (isCopy(g) ? tf.clone(x) : avgPool(x, g)));
};

/** Returns whether stock cannot pool a window: one with dilations, or one of one pixel. */
const isRare = (g: Geometry): boolean =>
  g.dilationHeight > 1 || g.dilationWidth > 1 || (g.filterHeight === 1 && g.filterWidth === 1);

/** Returns whether tfjs's backends only copy: with a window of one pixel and equal sizes they ignore the stride. */
const isCopy = (g: Geometry): boolean =>
  g.filterHeight === 1 && g.filterWidth === 1 && tf.util.arraysEqual(g.inShape, g.outShape);

/** Fixes for engines without SIMD. With SIMD our own kernels replace these stock kernels. */
export const nanFixes: { readonly [kernelName: string]: Fix } = {
  AvgPool: averagePool,
  FusedConv2D: unclamped("FusedConv2D", ["relu6"]),
  FusedDepthwiseConv2D: unclamped("FusedDepthwiseConv2D", ["relu", "relu6"]),
  MaxPool: maximumPool,
  Maximum: extremum,
  Minimum: extremum,
};

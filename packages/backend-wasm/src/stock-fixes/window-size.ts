import * as tf from "@tensorflow/tfjs-core";
import { assertRoom, poolBlocks, withRoom } from "../memory/xnnpack.ts";
import { exactMargins } from "../shapes/margins.ts";
import { convGeometry, type Geometry, poolGeometry } from "../shapes/window-geometry.ts";
import type { WasmBackend } from "../stock-backend/wasm-backend.ts";
import { broadcastBias } from "./broadcast-bias.ts";
import { onePixelFilter } from "./one-pixel-filter.ts";

/**
 * Fixes a stock kernel whose output size is computed twice: by tfjs, which allocates, and by XNNPACK, which writes. If the
 * padding is a number, tfjs uses the filter height and the vertical stride in both directions. With a filter that is not
 * square, XNNPACK then writes past the end of the output and corrupts the heap. If the two sizes differ, the kernel runs with
 * a padding that makes XNNPACK's size the same as tfjs's.
 */
function sameSize(
  kernelName: string,
  geometryOf: (inputs: Inputs, attrs: tf.NamedAttrMap) => Geometry,
  run: (stock: tf.KernelFunc, params: KernelParams, g: Geometry) => ReturnType<tf.KernelFunc>,
): Fix {
  return (stock) => (params) => {
    const attrs = params.attrs ?? {};
    const inputs = params.inputs as unknown as Inputs;
    const g = geometryOf(inputs, attrs);
    if (sizesAgree(g)) return run(stock, params, g);
    const { top, left, bottom, right } = exactMargins(g);
    return tf.tidy(() => {
      const [batch, height, width, channels] = inputs.x.shape;
      const x = tf.slice(inputs.x, 0, [batch, height + Math.min(0, bottom), width + Math.min(0, right), channels]);
      const pad = [
        [0, 0],
        [top, Math.max(0, bottom)],
        [left, Math.max(0, right)],
        [0, 0],
      ];
      return tf
        .engine()
        .runKernel(kernelName, { ...inputs, x }, { ...attrs, pad, dimRoundingMode: "floor" }) as tf.Tensor;
    });
  };
}

/** Returns whether XNNPACK computes the same output size as tfjs. */
function sizesAgree(g: Geometry): boolean {
  // If the filter is smaller than its stride, XNNPACK's depthwise kernel misreads its own "same" padding.
  if (g.padInfo.type === "SAME")
    return g.effectiveFilterHeight >= g.strideHeight && g.effectiveFilterWidth >= g.strideWidth;
  const { top, bottom, left, right } = g.padInfo;
  const size = (input: number, pad: number, window: number, stride: number): number =>
    Math.floor((input + pad - window) / stride) + 1;
  return (
    size(g.inHeight, top + bottom, g.effectiveFilterHeight, g.strideHeight) === g.outHeight &&
    size(g.inWidth, left + right, g.effectiveFilterWidth, g.strideWidth) === g.outWidth
  );
}

const convolution = (kernelName: string, depthwise: boolean): Fix =>
  sameSize(
    kernelName,
    ({ x, filter }, attrs) => convGeometry(kernelName, x.shape, (filter as tf.Tensor).shape, attrs, depthwise),
    (stock, params, geometry) => {
      const { filter, bias } = params.inputs as { readonly filter: tf.TensorInfo; readonly bias?: tf.TensorInfo };
      const activation = String(params.attrs?.activation);
      return withRoom(params.backend as WasmBackend, { filter, bias, geometry, depthwise, activation }, () =>
        stock(params),
      );
    },
  );

/**
 * Runs convolutions of one channel to one channel by the depthwise kernel, whose fixes keep NaN. XNNPACK also treats them as
 * depthwise, with a clamp that loses NaN.
 */
const oneChannel =
  (depthwiseName: string, fix: Fix): Fix =>
  (stock) => {
    const several = fix(stock);
    return (params) => {
      const inputs = params.inputs as unknown as Inputs;
      const [, , channels, last] = (inputs.filter as tf.Tensor).shape;
      if (channels !== 1 || last !== 1) return several(params);
      return tf.engine().runKernel(depthwiseName, inputs, { ...params.attrs }) as tf.Tensor;
    };
  };

const pooling = (kernelName: string): Fix =>
  sameSize(
    kernelName,
    ({ x }, attrs) => poolGeometry(x.shape, attrs),
    (stock, params, g) => {
      assertRoom(params.backend as WasmBackend, poolBlocks(g));
      return stock(params);
    },
  );

/** Fixes of the stock kernels of convolutions and pools. They need no SIMD. */
export const windowFixes: { readonly [kernelName: string]: Fix } = {
  AvgPool: pooling("AvgPool"),
  Conv2D: oneChannel("DepthwiseConv2dNative", convolution("Conv2D", false)),
  DepthwiseConv2dNative: onePixelFilter(convolution("DepthwiseConv2dNative", true)),
  FusedConv2D: oneChannel("FusedDepthwiseConv2D", broadcastBias("FusedConv2D", convolution("FusedConv2D", false))),
  FusedDepthwiseConv2D: onePixelFilter(
    broadcastBias("FusedDepthwiseConv2D", convolution("FusedDepthwiseConv2D", true)),
  ),
  MaxPool: pooling("MaxPool"),
};

interface Inputs {
  readonly [name: string]: tf.Tensor;
  readonly x: tf.Tensor4D;
}
type KernelParams = Parameters<tf.KernelFunc>[0];
type Fix = (stock: tf.KernelFunc) => tf.KernelFunc;

import * as tf from "@tensorflow/tfjs-core";
import { broadcastBias } from "./broadcast-bias.ts";
import { onePixelFilter } from "./one-pixel-filter.ts";
import { exactMargins } from "../fallback/window-slices.ts";
import { convGeometry, type Geometry, poolGeometry } from "../shapes/window-geometry.ts";
import type { WasmBackend } from "../heap/heap.ts";
import { assertRoom, poolBlocks, withRoom } from "../memory/xnnpack.ts";

/**
 * Guards a stock kernel whose output size is computed twice: by tfjs, which allocates, and by XNNPACK, which writes. With
 * a padding given as a number, tfjs takes filter height and vertical stride for both directions; with the filter not
 * square XNNPACK then writes past the end of the output and the heap is lost. Where the two disagree, the kernel runs
 * with the padding under which they agree on tfjs's size.
 */
function guarded(
  kernelName: string,
  geometryOf: (inputs: Inputs, attrs: tf.NamedAttrMap) => Geometry,
  run: (stock: tf.KernelFunc, params: KernelParams, g: Geometry) => ReturnType<tf.KernelFunc>,
): WindowKernel {
  return (stock) => (params) => {
    const attrs = params.attrs ?? {};
    const inputs = params.inputs as unknown as Inputs;
    const g = geometryOf(inputs, attrs);
    if (agrees(g)) return run(stock, params, g);
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

/** Whether XNNPACK's output size is tfjs's. */
function agrees(g: Geometry): boolean {
  // With a filter smaller than its stride, XNNPACK's depthwise kernel misreads its own "same" padding.
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

const convolution = (kernelName: string, depthwise: boolean): WindowKernel =>
  guarded(
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

/** A convolution of one channel to one is a depthwise one, whose guards keep NaN: XNNPACK takes it for one, and clamps. */
const oneChannel =
  (depthwiseName: string, guard: WindowKernel): WindowKernel =>
  (stock) => {
    const own = guard(stock);
    return (params) => {
      const inputs = params.inputs as unknown as Inputs;
      const [, , channels, last] = (inputs.filter as tf.Tensor).shape;
      if (channels !== 1 || last !== 1) return own(params);
      return tf.engine().runKernel(depthwiseName, inputs, { ...params.attrs }) as tf.Tensor;
    };
  };

const pooling = (kernelName: string): WindowKernel =>
  guarded(
    kernelName,
    ({ x }, attrs) => poolGeometry(x.shape, attrs),
    (stock, params, g) => {
      assertRoom(params.backend as WasmBackend, poolBlocks(g));
      return stock(params);
    },
  );

/** The stock kernels of convolutions and pools, guarded. They need no SIMD of ours. */
export const windowFixes: { readonly [kernelName: string]: WindowKernel } = {
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
type WindowKernel = (stock: tf.KernelFunc) => tf.KernelFunc;

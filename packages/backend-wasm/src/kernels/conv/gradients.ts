import * as tf from "@tensorflow/tfjs-core";
import { fittedInputGradient } from "../../fallback/conv-gradients.ts";
import { input, isFloat, type SimdKernel, sizeOf } from "../../heap/simd-kernel.ts";
import { convGeometry, type Geometry, isPointwise, windowWork } from "../../shapes/window-geometry.ts";
import { eachChannel, gemmRows, type WorkSharing } from "../../threads/work-sharing.ts";
import { gemm } from "../matmul/gemm.ts";
import * as winograd from "./winograd.ts";

const windowOf = (g: Geometry): number[] => [
  g.strideHeight,
  g.strideWidth,
  g.dilationHeight,
  g.dilationWidth,
  g.padInfo.top,
  g.padInfo.left,
];

/** Divides a convolution by images into chunks of at least some 64 pixels, because each chunk packs the filter again. */
const byImage = (g: Geometry): WorkSharing => ({
  cost: windowWork(g) * g.inChannels,
  least: Math.ceil(64 / (g.outHeight * g.outWidth)),
});

/** Computes the filter gradient of conv2d. The work is divided by rows of the filter: (tap, input channel). */
export const convFilterGradient: SimdKernel = (call) => {
  const { heap, attrs } = call;
  const [x, dy] = [input(call, "x"), input(call, "dy")];
  if (!isFloat(x, dy)) return undefined;
  const g = convGeometry("Conv2DBackpropFilter", x.shape, attrs.filterShape as number[], attrs, false);
  const dw = heap.output(g.filterShape);
  const [px, pdy, pdw] = [heap.address(x), heap.address(dy), heap.address(dw)];
  const rows = g.filterHeight * g.filterWidth * g.inChannels;
  if (sizeOf(dy.shape) === 0) {
    heap.floats(dw, sizeOf(dw.shape)).fill(0);
  } else if (isPointwise(g)) {
    const pixels = g.batchSize * g.inHeight * g.inWidth;
    const product = { transposeA: true, m: g.inChannels, n: g.outChannels, k: pixels };
    gemm(heap, { ...product, a: px, b: pdy, c: pdw });
  } else if (!(winograd.winogradPays("filter", g) && winograd.filterGradient(heap, g, px, pdy, pdw))) {
    heap.share(
      "convFilterGradient",
      rows,
      gemmRows(g.outChannels, g.batchSize * g.outHeight * g.outWidth),
      (from, to) => [
        px,
        pdy,
        pdw,
        g.batchSize,
        g.inHeight,
        g.inWidth,
        g.inChannels,
        g.outHeight,
        g.outWidth,
        g.outChannels,
        g.filterWidth,
        ...windowOf(g),
        from,
        to,
      ],
    );
  }
  return dw;
};

/** Computes the input gradient of conv2d, which is also conv2dTranspose. The work is divided by images. */
export const convInputGradient: SimdKernel = (call) => {
  const { heap, attrs } = call;
  const [dy, filter] = [input(call, "dy"), input(call, "filter")];
  if (!isFloat(dy, filter)) return undefined;
  const g = convGeometry("Conv2DBackpropInput", attrs.inputShape as number[], filter.shape, attrs, false);
  if (!tf.util.arraysEqual(dy.shape, g.outShape)) return fittedInputGradient(call.inputs, attrs, g);
  const dx = heap.output(g.inShape);
  const [pdy, pw, pdx] = [heap.address(dy), heap.address(filter), heap.address(dx)];
  if (isPointwise(g)) {
    const pixels = g.batchSize * g.inHeight * g.inWidth;
    const product = { transposeB: true, m: pixels, n: g.inChannels, k: g.outChannels };
    gemm(heap, { ...product, a: pdy, b: pw, c: pdx });
  } else if (!(winograd.winogradPays("input", g) && winograd.inputGradient(heap, g, pdy, pw, pdx))) {
    heap.share("convInputGradient", g.batchSize, byImage(g), (from, to) => [
      pdy,
      pw,
      pdx,
      g.inHeight,
      g.inWidth,
      g.inChannels,
      g.outHeight,
      g.outWidth,
      g.outChannels,
      g.filterHeight,
      g.filterWidth,
      ...windowOf(g),
      from,
      to,
    ]);
  }
  return dx;
};

/** Computes the filter gradient of a depthwise convolution. The work is divided by channels. */
export const depthwiseFilterGradient: SimdKernel = (call) => {
  const { heap, attrs } = call;
  const [x, dy] = [input(call, "x"), input(call, "dy")];
  if (!isFloat(x, dy)) return undefined;
  const g = convGeometry("DepthwiseConv2dNativeBackpropFilter", x.shape, attrs.filterShape as number[], attrs, true);
  const dw = heap.output(g.filterShape);
  const [px, pdy, pdw] = [heap.address(x), heap.address(dy), heap.address(dw)];
  heap.share(
    "depthwiseFilterGradient",
    g.inChannels,
    // Chunks are wide, because each reads all rows of all images.
    { ...eachChannel((2 * windowWork(g) * g.batchSize) / g.inChannels), least: 32 },
    (from, to) => [
      px,
      pdy,
      pdw,
      g.batchSize,
      g.inHeight,
      g.inWidth,
      g.inChannels,
      g.outHeight,
      g.outWidth,
      g.outChannels / g.inChannels,
      g.filterHeight,
      g.filterWidth,
      ...windowOf(g),
      from,
      to,
    ],
  );
  return dw;
};

/** Computes the input gradient of a depthwise convolution. The work is divided by rows of images. */
export const depthwiseInputGradient: SimdKernel = (call) => {
  const { heap, attrs } = call;
  const [dy, filter] = [input(call, "dy"), input(call, "filter")];
  if (!isFloat(dy, filter)) return undefined;
  const g = convGeometry("DepthwiseConv2dNativeBackpropInput", attrs.inputShape as number[], filter.shape, attrs, true);
  const dx = heap.output(g.inShape);
  const [pdy, pw, pdx] = [heap.address(dy), heap.address(filter), heap.address(dx)];
  heap.share(
    "depthwiseInputGradient",
    g.batchSize * g.inHeight,
    { cost: (2 * windowWork(g)) / g.inHeight },
    (from, to) => [
      pdy,
      pw,
      pdx,
      g.inHeight,
      g.inWidth,
      g.inChannels,
      g.outHeight,
      g.outWidth,
      g.outChannels / g.inChannels,
      g.filterHeight,
      g.filterWidth,
      ...windowOf(g),
      from,
      to,
    ],
  );
  return dx;
};

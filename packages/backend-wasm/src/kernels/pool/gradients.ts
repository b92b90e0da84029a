import { input, isFloat, type SimdKernel } from "../../heap/simd-kernel.ts";
import { poolGeometry, windowWork } from "../../shapes/window-geometry.ts";

/** Computes the gradient of max pooling. Stock starts each window from 1e-38 and loses windows without a positive value. */
export const maxPoolGradient: SimdKernel = (call) => {
  const { heap, attrs } = call;
  const [dy, x] = [input(call, "dy"), input(call, "input")];
  if (!isFloat(dy, x)) return undefined;
  const g = poolGeometry(x.shape, attrs);
  const dx = heap.output(x.shape);
  const [px, pdy, pdx] = [heap.address(x), heap.address(dy), heap.address(dx)];
  heap.share("maxPoolGradient", g.batchSize, { cost: 4 * windowWork(g) }, (from, to) => [
    px,
    pdy,
    pdx,
    g.inHeight,
    g.inWidth,
    g.inChannels,
    g.outHeight,
    g.outWidth,
    g.filterHeight,
    g.filterWidth,
    g.strideHeight,
    g.strideWidth,
    g.dilationHeight,
    g.dilationWidth,
    g.padInfo.top,
    g.padInfo.left,
    from,
    to,
  ]);
  return dx;
};

/**
 * Computes the gradient of average pooling. It divides by the number of pixels that a window has inside the image, as the
 * forward pass of every backend does. The gradients of tfjs's cpu and stock wasm divide by the whole window, which is wrong
 * if it includes padding.
 */
export const avgPoolGradient: SimdKernel = (call) => {
  const { heap, attrs } = call;
  const [dy, x] = [input(call, "dy"), input(call, "input")];
  if (!isFloat(dy, x)) return undefined;
  const g = poolGeometry(x.shape, attrs);
  const dx = heap.output(x.shape);
  const [pdy, pdx] = [heap.address(dy), heap.address(dx)];
  heap.share("avgPoolGradient", g.batchSize, { cost: 2 * windowWork(g) }, (from, to) => [
    pdy,
    pdx,
    g.inHeight,
    g.inWidth,
    g.inChannels,
    g.outHeight,
    g.outWidth,
    g.filterHeight,
    g.filterWidth,
    g.strideHeight,
    g.strideWidth,
    g.dilationHeight,
    g.dilationWidth,
    g.padInfo.top,
    g.padInfo.left,
    from,
    to,
  ]);
  return dx;
};

import { type Call, input, isFloat, type SimdKernel, sizeOf } from "../../heap/simd-kernel.ts";
import { convGeometry, type Geometry } from "../../shapes/window-geometry.ts";
import { simdLevel } from "../../simd/module.ts";
import type { WorkSharing } from "../../threads/work-sharing.ts";
import { activationOf, isClamp } from "../elementwise/activation.ts";
import * as winograd from "./winograd.ts";

/** Fewest columns with which the work is divided by columns. Chunks of columns pack the filter only once. */
const WIDE = 64;
/** Fewest channels with which our kernel with fused multiply-adds is faster than XNNPACK on one thread. */
const FEW = 8;

/**
 * Makes the kernel of conv2d; the fused one has a bias and a relu or relu6.
 *
 * Winograd's method is used if it pays, on any number of threads, because it rounds differently from XNNPACK. Otherwise the
 * kernel leaves the case to XNNPACK if that is faster. That is so on one thread without relaxed SIMD, by a fifth; both give
 * the same bits. With relaxed SIMD it is so for images with few channels.
 */
function forward(kernelName: string): SimdKernel {
  return (call) => {
    const { heap, attrs, inputs } = call;
    const [x, filter, bias] = [input(call, "x"), input(call, "filter"), inputs.bias ?? undefined];
    const g = geometryOf(kernelName, call, x, filter);
    if (!g || (bias && !(isFloat(bias) && sizeOf(bias.shape) === g.outChannels)) || !isClamp(attrs)) return undefined;
    const { low, high } = activationOf(attrs);
    const [px, pw] = [heap.address(x), heap.address(filter)];
    const pb = bias ? heap.address(bias) : 0;
    if (winograd.winogradPays("forward", g)) {
      const y = heap.output(g.outShape);
      const operands = { x: px, filter: pw, bias: pb, y: heap.address(y), low, high };
      if (winograd.forward(heap, g, operands)) return y;
      heap.free(y);
    }
    const pixels = g.batchSize * g.outHeight * g.outWidth;
    const inner = g.filterHeight * g.filterWidth * g.inChannels;
    const byColumn = g.outChannels >= WIDE;
    const total = byColumn ? g.outChannels : pixels;
    const sharing: WorkSharing = byColumn
      ? { cost: pixels * inner, step: 8, least: 16 }
      : { cost: g.outChannels * inner, step: 4, least: 64 };
    if (simdLevel() === "relaxed" ? g.inChannels < FEW : !heap.shares(total, sharing)) return undefined;

    const y = heap.output(g.outShape);
    const py = heap.address(y);
    const sizes = [g.inHeight, g.inWidth, g.inChannels, g.outHeight, g.outWidth, g.outChannels];
    const window = [g.filterHeight, g.filterWidth, g.strideHeight, g.strideWidth, g.dilationHeight, g.dilationWidth];
    const head = [px, pw, pb, py, low, high, ...sizes, ...window, g.padInfo.top, g.padInfo.left];
    heap.share("convForward", total, sharing, (from, to) =>
      byColumn ? [...head, 0, pixels, from, to] : [...head, from, to, 0, g.outChannels],
    );
    return y;
  };
}

/**
 * Returns the geometry if the kernel supports the case: float32, one group, and scratch for the addresses of taps and eight
 * packed columns.
 */
function geometryOf(
  kernelName: string,
  call: Call,
  x: Call["inputs"][string],
  filter: Call["inputs"][string],
): Geometry | undefined {
  if (!isFloat(x, filter)) return undefined;
  const g = convGeometry(kernelName, x.shape, filter.shape, call.attrs, false);
  const taps = g.filterHeight * g.filterWidth;
  const fits = taps <= 256 && taps * Math.min(g.inChannels, 512) <= 16_384;
  return fits && g.inChannels === filter.shape[2] && sizeOf(g.outShape) > 0 ? g : undefined;
}

export const conv2d: SimdKernel = forward("Conv2D");
export const fusedConv2d: SimdKernel = forward("FusedConv2D");

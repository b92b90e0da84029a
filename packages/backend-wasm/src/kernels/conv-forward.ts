import { convGeometry, type Geometry } from "../shapes/window-geometry.ts";

import { type Call, input, isFloat, type SimdKernel, sizeOf } from "../heap/simd-kernel.ts";
import { simdLevel } from "../simd/module.ts";
import type { WorkSharing } from "../threads/work-sharing.ts";
import { activationOf, isClamp } from "./activation.ts";
import * as winograd from "./conv-winograd.ts";

/** From so many columns on there are chunks enough for all threads by columns, which pack the filter only once. */
const WIDE = 64;
/** Below so many channels XNNPACK is faster on one thread, also where ours has fused multiply-adds. */
const FEW = 8;

/**
 * conv2d, with bias and with relu or relu6 where it is the fused one. Winograd's way where it pays, on any number of threads:
 * it rounds otherwise than XNNPACK. Else undefined, which means XNNPACK, where that is faster: on one thread without relaxed SIMD
 * (by a fifth; both give the same bits), with relaxed SIMD for images of few channels.
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

/** Geometry of a case that the kernel can do: float32, one group, room for addresses of taps and eight packed columns. */
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

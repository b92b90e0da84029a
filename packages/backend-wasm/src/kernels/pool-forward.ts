import * as tf from "@tensorflow/tfjs-core";
import { poolGeometry } from "../shapes/window-geometry.ts";
import { input, isFloat, type SimdKernel } from "../heap/simd-kernel.ts";
import { identityKernel } from "./identity.ts";

/**
 * Pooling. XNNPACK's takes a NaN in a window's middle for −∞, computes its own size from a padding given as a number, and
 * refuses windows of one pixel, where stock then returns memory as it found it.
 */
function pooling(kernel: "maxPool" | "avgPool"): SimdKernel {
  return (call) => {
    const { heap, attrs } = call;
    const x = input(call, "x");
    if (!isFloat(x)) return undefined;
    const g = poolGeometry(x.shape, attrs);
    // tfjs's backends all take a window of one pixel for nothing to do where the sizes agree, whatever the stride.
    if (g.filterHeight === 1 && g.filterWidth === 1 && tf.util.arraysEqual(g.inShape, g.outShape))
      return identityKernel({ inputs: { x }, backend: heap.backend });
    const y = heap.output(g.outShape);
    const head = [
      heap.address(x),
      heap.address(y),
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
    ];
    const cost = g.outHeight * g.outWidth * g.inChannels * g.filterHeight * g.filterWidth;
    heap.share(kernel, g.batchSize, { cost }, (from, to) => [...head, from, to]);
    return y;
  };
}

export const maxPool: SimdKernel = pooling("maxPool");
export const avgPool: SimdKernel = pooling("avgPool");

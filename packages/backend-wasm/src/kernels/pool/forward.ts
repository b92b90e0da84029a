import * as tf from "@tensorflow/tfjs-core";
import { input, isFloat, type SimdKernel } from "../../heap/simd-kernel.ts";
import { poolGeometry } from "../../shapes/window-geometry.ts";
import { identityKernel } from "../copies/identity.ts";

/**
 * Makes the kernel of a pooling. XNNPACK's pooling has three faults. It treats a NaN in the middle of a window as −∞. If the
 * padding is a number, it computes another output size than tfjs. It refuses windows of one pixel, for which stock then
 * returns uninitialized memory.
 */
function pooling(kernel: "maxPool" | "avgPool"): SimdKernel {
  return (call) => {
    const { heap, attrs } = call;
    const x = input(call, "x");
    if (!isFloat(x)) return undefined;
    const g = poolGeometry(x.shape, attrs);
    // With a window of one pixel and equal sizes, all of tfjs's backends ignore the stride and copy.
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

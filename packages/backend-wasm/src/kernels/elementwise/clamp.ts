import type * as tf from "@tensorflow/tfjs-core";
import { input, isFloat, type SimdKernel, sizeOf } from "../../heap/simd-kernel.ts";
import { eachNumber } from "../../threads/work-sharing.ts";

/**
 * Clamps x to two bounds. NaN stays NaN, as on cpu. XNNPACK turns it into the lower bound, which hides that a net has
 * diverged.
 */
function clamp(bounds: (attrs: tf.NamedAttrMap) => readonly [number, number]): SimdKernel {
  return (call) => {
    const { heap, attrs } = call;
    const x = input(call, "x");
    if (!isFloat(x)) return undefined;
    const y = heap.output(x.shape);
    const [px, py] = [heap.address(x), heap.address(y)];
    const [low, high] = bounds(attrs);
    heap.share("clamp", sizeOf(x.shape), eachNumber(2), (from, to) => [
      px + 4 * from,
      py + 4 * from,
      to - from,
      low,
      high,
    ]);
    return y;
  };
}

export const relu: SimdKernel = clamp(() => [0, Number.POSITIVE_INFINITY]);
export const relu6: SimdKernel = clamp(() => [0, 6]);
export const clipByValue: SimdKernel = clamp(({ clipValueMin, clipValueMax }) => [
  clipValueMin as number,
  clipValueMax as number,
]);

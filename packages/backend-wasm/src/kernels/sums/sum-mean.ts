import * as tf from "@tensorflow/tfjs-core";
import { input, isFloat, type SimdKernel, sizeOf } from "../../heap/simd-kernel.ts";
import { eachChannel } from "../../threads/work-sharing.ts";

/**
 * Makes the kernel of a sum or mean over neighbouring axes: the first, the last, or between (global pooling). Others go to
 * stock, which transposes and calls the kernel again with the axes last.
 *
 * The sum of an empty tensor is 0 and its mean is NaN. Stock returns uninitialized memory.
 */
function reduction(mean: boolean): SimdKernel {
  return (call) => {
    const { heap, attrs } = call;
    const x = input(call, "x");
    if (!isFloat(x)) return undefined;
    const rank = x.shape.length;
    const axes = [...tf.util.parseAxisParam(attrs.axis as number[], x.shape)].sort((p, q) => p - q);
    const count = sizeOf(axes.map((axis) => x.shape[axis] as number));
    const kept = x.shape.filter((_, axis) => !axes.includes(axis));
    const shape = attrs.keepDims ? x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)) : kept;
    const results = sizeOf(kept);
    if (sizeOf(x.shape) === 0) {
      const empty = heap.output(shape);
      heap.floats(empty, results).fill(mean && count === 0 ? Number.NaN : 0);
      return empty;
    }
    const start = axes[0] ?? rank;
    if (!axes.every((axis, i) => axis === start + i)) return undefined;
    const outer = sizeOf(x.shape.slice(0, start));
    const inner = sizeOf(x.shape.slice(start + axes.length));
    const y = heap.output(shape);
    const [px, py, divisor] = [heap.address(x), heap.address(y), mean ? count : 1];
    if (inner === 1) {
      heap.share("rowSums", results, { cost: count }, (from, to) => [px, py, count, divisor, from, to]);
    } else {
      for (let i = 0; i < outer; i++) {
        const [source, target] = [px + 4 * i * count * inner, py + 4 * i * inner];
        heap.share("columnSums", inner, eachChannel(count), (from, to) => [
          source,
          target,
          count,
          inner,
          divisor,
          from,
          to,
        ]);
      }
    }
    return y;
  };
}

export const sum: SimdKernel = reduction(false);
export const mean: SimdKernel = reduction(true);

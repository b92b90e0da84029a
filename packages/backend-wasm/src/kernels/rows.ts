import * as tf from "@tensorflow/tfjs-core";
import { input, isFloat, type SimdKernel, sizeOf } from "../simd/kernel.ts";

/** Rows of x by index along the first axis: the forward of an embedding. Other axes go to stock. */
export const gather: SimdKernel = (call) => {
  const { heap, attrs } = call;
  const [x, indices] = [input(call, "x"), input(call, "indices")];
  const axis = tf.util.parseAxisParam(attrs.axis as number, x.shape)[0];
  if (!isFloat(x) || indices.dtype !== "int32" || axis !== 0 || attrs.batchDims) return undefined;
  const [count, width, rows] = [sizeOf(indices.shape), sizeOf(x.shape.slice(1)), x.shape[0] as number];
  const ids = heap.ints(indices, count);
  for (let i = 0; i < count; i++) {
    const id = ids[i] as number;
    if (id < 0 || id >= rows)
      throw new Error(
        `GatherV2: the index value ${id} is not in [0, ${rows - 1}], the rows of x; it stands at position ${i} of the indices.`,
      );
  }
  const y = heap.output([...indices.shape, ...x.shape.slice(1)]);
  heap.call("gatherRows", heap.address(x), heap.address(indices), heap.address(y), count, width);
  return y;
};

/** Rows summed by segment: the gradient of an embedding. Ids outside [0, numSegments) are dropped, as on cpu. */
export const segmentSum: SimdKernel = (call) => {
  const { heap, attrs } = call;
  const [x, ids] = [input(call, "x"), input(call, "segmentIds")];
  if (!isFloat(x) || ids.dtype !== "int32") return undefined;
  const segments = attrs.numSegments as number;
  const rest = x.shape.slice(ids.shape.length);
  const y = heap.output([segments, ...rest]);
  heap.call(
    "segmentSum",
    heap.address(x),
    heap.address(ids),
    heap.address(y),
    sizeOf(ids.shape),
    sizeOf(rest),
    segments,
  );
  return y;
};

import { input, isFloat, type SimdKernel, sizeOf } from "../../heap/simd-kernel.ts";

/** Sums rows by segment, as the gradient of an embedding does. Ids outside [0, numSegments) are dropped, as on cpu. */
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

import * as tf from "@tensorflow/tfjs-core";
import type { Heap } from "../../heap/heap.ts";
import { type Call, input, type SimdKernel, sizeOf } from "../../heap/simd-kernel.ts";

/** An axis of the output: its size, and the distance in bytes of neighbours in the input. */
interface Axis {
  readonly size: number;
  readonly step: number;
}

/** Number of axes that the kernel takes besides the row. */
const AXES = 4;

const bytesOf = ({ dtype }: tf.TensorInfo): number | undefined =>
  dtype === "bool" ? 1 : dtype === "float32" || dtype === "int32" ? 4 : undefined;

/** Returns the axes of x in its own order. */
function axesOf(x: tf.TensorInfo, bytes: number): Axis[] {
  const axes: Axis[] = [];
  let step = bytes;
  for (const size of [...x.shape].reverse()) {
    axes.unshift({ size, step });
    step *= size;
  }
  return axes;
}

/** Copies x in the order of `axes`, beginning `start` bytes after its first byte. */
function copy(heap: Heap, x: tf.TensorInfo, shape: readonly number[], axes: readonly Axis[], start = 0): tf.TensorInfo {
  const y = heap.output(shape, x.dtype);
  if (sizeOf(shape) === 0) return y;
  const bytes = bytesOf(x) as number;
  const joined = join(axes);
  const last = joined.at(-1);
  const row = last?.step === bytes ? last.size * bytes : bytes;
  const outer = last?.step === bytes ? joined.slice(0, -1) : joined;
  while (outer.length < AXES) outer.unshift({ size: 1, step: 0 });
  const inner = outer.splice(outer.length - AXES).flatMap(({ size, step }) => [size, step]);
  const each = (inner.filter((_, i) => i % 2 === 0) as number[]).reduce((product, size) => product * size, row);
  let to = heap.address(y);
  for (const from of places(outer, heap.address(x) + start)) {
    heap.call("copyRows", from, to, ...inner, row);
    to += each;
  }
  return y;
}

/** Drops axes of size 1, and joins neighbouring axes that have the same order in x and in the output. */
function join(axes: readonly Axis[]): Axis[] {
  const joined: Axis[] = [];
  for (const axis of axes) {
    if (axis.size === 1) continue;
    const before = joined.at(-1);
    if (before?.step === axis.size * axis.step)
      joined[joined.length - 1] = { size: before.size * axis.size, step: axis.step };
    else joined.push(axis);
  }
  return joined;
}

/** Yields the addresses in x of all steps along the axes, in the output's order. */
function* places([axis, ...inner]: readonly Axis[], from: number): Generator<number> {
  if (!axis) yield from;
  else for (let i = 0; i < axis.size; i++) yield* places(inner, from + i * axis.step);
}

/** Repeats x along its axes. tf.broadcastTo calls this kernel. */
export const tile: SimdKernel = ({ inputs, attrs, heap }) => {
  const x = inputs.x as tf.TensorInfo;
  const bytes = bytesOf(x);
  if (bytes === undefined) return undefined;
  const reps = attrs.reps as number[];
  const axes = axesOf(x, bytes).flatMap((axis, i) => [{ size: reps[i] as number, step: 0 }, axis]);
  return copy(
    heap,
    x,
    x.shape.map((size, i) => size * (reps[i] as number)),
    axes,
  );
};

/** Reverses x along the axes of the attribute `dims`. */
export const reverse: SimdKernel = ({ inputs, attrs, heap }) => {
  const x = inputs.x as tf.TensorInfo;
  const bytes = bytesOf(x);
  if (bytes === undefined) return undefined;
  const reversed = tf.util.parseAxisParam(attrs.dims as number[], x.shape);
  let start = 0;
  const axes = axesOf(x, bytes).map(({ size, step }, i) => {
    if (!reversed.includes(i)) return { size, step };
    start += (size - 1) * step;
    return { size, step: -step };
  });
  return copy(heap, x, x.shape, axes, start);
};

/** Computes slices with strides. Slices without strides go to stock, which copies rows. */
export const stridedSlice: SimdKernel = (call) => {
  const { attrs, heap } = call;
  const x = input(call, "x");
  const bytes = bytesOf(x);
  const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } =
    attrs as unknown as tf.StridedSliceAttrs;
  const info = tf.slice_util.sliceInfo(
    x.shape,
    begin,
    end,
    strides,
    beginMask,
    endMask,
    ellipsisMask,
    newAxisMask,
    shrinkAxisMask,
  );
  if (bytes === undefined || info.isIdentity || info.sliceDim0 || info.isSimpleSlice) return undefined;
  let start = 0;
  const axes = axesOf(x, bytes).map(({ step }, i) => {
    start += (info.begin[i] as number) * step;
    return { size: info.finalShapeSparse[i] as number, step: step * (info.strides[i] as number) };
  });
  return copy(heap, x, info.finalShape, axes, start);
};

/**
 * Gathers rows of x by index along one axis, as an embedding does. Batches of indices go to stock.
 *
 * @throws Error for an index outside the axis
 */
export const gather: SimdKernel = (call: Call) => {
  const { heap, attrs } = call;
  const [x, indices] = [input(call, "x"), input(call, "indices")];
  const axis = tf.util.parseAxisParam(attrs.axis as number, x.shape)[0] as number;
  const bytes = bytesOf(x);
  if (bytes === undefined || indices.dtype !== "int32" || attrs.batchDims) return undefined;
  const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const [count, rows] = [sizeOf(indices.shape), x.shape[axis] as number];
  const ids = heap.ints(indices, count);
  for (let i = 0; i < count; i++) {
    const id = ids[i] as number;
    if (id < 0 || id >= rows)
      throw new Error(
        `GatherV2: the index value ${id} is not in [0, ${rows - 1}], the rows of x; it is at position ${i} of the indices. Use indices of existing rows.`,
      );
  }
  const y = heap.output([...before, ...indices.shape, ...after], x.dtype);
  const addresses = [x, indices, y].map((tensor) => heap.address(tensor));
  heap.call("gatherRows", ...addresses, sizeOf(before), rows, count, sizeOf(after) * bytes);
  return y;
};

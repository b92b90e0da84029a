import * as tf from "@tensorflow/tfjs-core";
import { input, isFloat, type SimdKernel, sizeOf } from "../../heap/simd-kernel.ts";
import { type AxisRun, joinBroadcastAxes } from "../../shapes/broadcast-axes.ts";

/**
 * Makes the kernel of the maximum or minimum of two tensors. The result is NaN if either number is, as on cpu. Stock ignores a
 * NaN in the first tensor.
 */
function extremum(least: boolean): SimdKernel {
  return (call) => {
    const { heap } = call;
    const [a, b] = [input(call, "a"), input(call, "b")];
    if (!isFloat(a, b)) return undefined;
    const shape = tf.broadcast_util.assertAndGetBroadcastShape([...a.shape], [...b.shape]);
    const y = heap.output(shape);
    if (sizeOf(shape) === 0) return y;
    const runs = joinBroadcastAxes(a.shape, b.shape);
    const row = runs.at(-1) ?? { size: 1, inA: true, inB: true };
    let py = heap.address(y);
    for (const [pa, pb] of rows(runs.slice(0, -1), row, heap.address(a), heap.address(b))) {
      heap.call("extremum", pa, pb, py, row.size, Number(row.inA), Number(row.inB), Number(least));
      py += 4 * row.size;
    }
    return y;
  };
}

/** Yields the addresses of the operands' rows in the order of the output's rows. */
function* rows(outer: readonly AxisRun[], row: AxisRun, pa: number, pb: number): Generator<readonly [number, number]> {
  const [run, ...inner] = outer;
  if (!run) {
    yield [pa, pb];
    return;
  }
  const bytes = (which: "inA" | "inB"): number =>
    run[which] ? [...inner, row].reduce((size, next) => (next[which] ? size * next.size : size), 4) : 0;
  const [stepA, stepB] = [bytes("inA"), bytes("inB")];
  for (let i = 0; i < run.size; i++) yield* rows(inner, row, pa + i * stepA, pb + i * stepB);
}

export const maximum: SimdKernel = extremum(false);
export const minimum: SimdKernel = extremum(true);

import * as tf from "@tensorflow/tfjs-core";
import { heapOf } from "../src/heap/heap.ts";
import { sizeOf } from "../src/heap/simd-kernel.ts";
import * as winograd from "../src/kernels/conv/winograd.ts";
import type { Geometry } from "../src/shapes/window-geometry.ts";
import { randomNumbers } from "./reference.ts";

/** Numbers of a tensor. */
export type Numbers = ArrayLike<number>;

/** The numbers of a convolution's three tensors. A test may change some of them. */
export interface Operands {
  readonly x: Float32Array;
  readonly filter: Float32Array;
  readonly dy: Float32Array;
}
/** Returns random operands for a convolution. */
export const operandsOf = (g: Geometry, seed = 1): Operands => {
  const random = randomNumbers(seed);
  return { x: random(sizeOf(g.inShape)), filter: random(sizeOf(g.filterShape)), dy: random(sizeOf(g.outShape)) };
};

/** Runs the three kernels of winograd.ts directly, even if they do not pay. A result is undefined if it is not finite. */
export function runWinograd(
  g: Geometry,
  { x, filter, dy }: Operands,
  bias?: Float32Array,
): Record<string, Numbers | undefined> {
  const heap = heapOf(tf.backend());
  const write = (numbers: Float32Array): tf.TensorInfo => {
    const tensor = heap.output([numbers.length]);
    heap.floats(tensor, numbers.length).set(numbers);
    return tensor;
  };
  const given = [x, filter, dy, bias ?? new Float32Array(1)].map(write);
  const [px = 0, pw = 0, pdy = 0, pb = 0] = given.map((tensor) => heap.address(tensor));
  const compute = (size: number, kernel: (address: number) => boolean): Float32Array | undefined => {
    const out = heap.output([size]);
    heap.floats(out, size).fill(Number.NaN);
    const result = kernel(heap.address(out)) ? heap.floats(out, size).slice() : undefined;
    heap.free(out);
    return result;
  };
  const bounds = bias ? { bias: pb, low: 0, high: 6 } : { bias: 0, low: -Infinity, high: Infinity };
  const results = {
    output: compute(dy.length, (y) => winograd.forward(heap, g, { x: px, filter: pw, y, ...bounds })),
    input: compute(x.length, (dx) => winograd.inputGradient(heap, g, pdy, pw, dx)),
    filter: compute(filter.length, (dw) => winograd.filterGradient(heap, g, px, pdy, dw)),
  };
  for (const tensor of given) heap.free(tensor);
  return results;
}

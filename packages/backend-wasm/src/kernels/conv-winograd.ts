import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Geometry } from "../shapes/window-geometry.ts";
import type { Heap } from "../heap/heap.ts";

/** What a convolution is computed for. */
export type ConvPass = "forward" | "input" | "filter";

/** Positions of a transformed tile, each a matrix product. */
const POSITIONS = 16;
/** Transforming the filter of a pair of channels, there and back through memory, takes as long as so many multiply-adds. */
const FILTER = 150;
/** Transforming a tile of one channel, read or written, does. In the filter gradient a window is read once a row of positions. */
const TILE: { readonly [pass in ConvPass]: number } = { forward: 50, input: 50, filter: 80 };
/** Channels read, beyond which so few tiles fit a block that the transformed filter is read from main memory again and again. */
const WIDEST_READ: { readonly [pass in ConvPass]: number } = { forward: 256, input: 256, filter: 512 };
/** Channels beyond which that filter, or the sums of its gradient, take too much memory. */
const WIDEST = 512;

/**
 * Whether Winograd's way is clearly faster than the direct kernel, which takes 9 multiply-adds a pixel and pair of
 * channels. The numbers are fitted to CPU times of both, taken in turns on one thread, with and without relaxed SIMD.
 *
 * Forward, an image's size decides and not how many there are: what comes out for it must not depend on its neighbours.
 */
export function winogradPays(pass: ConvPass, g: Geometry): boolean {
  const [read, written] = pass === "input" ? [g.outChannels, g.inChannels] : [g.inChannels, g.outChannels];
  const images = pass === "forward" ? 1 : g.batchSize;
  const tiles = images * (pass === "input" ? tilesOf(g.inHeight, g.inWidth) : tilesOf(g.outHeight, g.outWidth));
  const cost = FILTER + tiles * (POSITIONS + TILE[pass] * (1 / read + 1 / written));
  return (
    [g.filterHeight, g.filterWidth].every((size) => size === 3) &&
    [g.strideHeight, g.strideWidth, g.dilationHeight, g.dilationWidth].every((step) => step === 1) &&
    read % 4 === 0 &&
    written % 4 === 0 &&
    read <= WIDEST_READ[pass] &&
    written <= WIDEST &&
    cost < 8 * images * g.outHeight * g.outWidth
  );
}

/** Addresses of a convolution's operands; `bias` may be 0. */
export interface Operands {
  readonly x: number;
  readonly filter: number;
  readonly bias: number;
  readonly y: number;
  /** y is kept between these. */
  readonly low: number;
  readonly high: number;
}

/**
 * conv2d, where {@link winogradPays}.
 *
 * @returns false where y is not finite: the direct kernel must compute it then.
 * @throws OutOfMemoryError before anything is written
 */
export function forward(heap: Heap, g: Geometry, operands: Operands): boolean {
  const sizes = [g.inHeight, g.inWidth, g.inChannels, g.outHeight, g.outWidth, g.outChannels] as const;
  return convolve(heap, operands, { turned: 0, images: g.batchSize, sizes, padding: [g.padInfo.top, g.padInfo.left] });
}

/** Input gradient of conv2d, in the same way: dy and the filter turned by 180° are convolved to dx. */
export function inputGradient(heap: Heap, g: Geometry, dy: number, filter: number, dx: number): boolean {
  const sizes = [g.outHeight, g.outWidth, g.outChannels, g.inHeight, g.inWidth, g.inChannels] as const;
  const operands = { x: dy, filter, bias: 0, y: dx, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  const padding = [2 - g.padInfo.top, 2 - g.padInfo.left] as const;
  return convolve(heap, operands, { turned: 1, images: g.batchSize, sizes, padding });
}

interface Shape {
  readonly turned: 0 | 1;
  readonly images: number;
  /** Height, width and channels of what is read, then of what is written. */
  readonly sizes: readonly [number, number, number, number, number, number];
  /** Top and left. */
  readonly padding: readonly [number, number];
}

/** The filter is transformed once, by columns; then each tile is by itself. */
function convolve(
  heap: Heap,
  { x, filter, bias, y, low, high }: Operands,
  { turned, images, sizes, padding }: Shape,
): boolean {
  const [, , ins, height, width, outs] = sizes;
  return withRoom(heap, ins, outs, (flag, u) => {
    const column = { cost: WORK_OF_FILTER * ins, step: 8 };
    heap.share("winogradFilter", outs, column, (from, to) => [filter, u, ins, outs, turned, from, to]);
    const tile = { cost: POSITIONS * ins * outs + TILE.forward * (ins + outs), step: 4, least: 16 };
    const head = [x, u, bias, y, flag, low, high, ...sizes, ...padding];
    heap.share("winogradConv", images * tilesOf(height, width), tile, (from, to) => [...head, from, to]);
  });
}

/**
 * Filter gradient of conv2d, where {@link winogradPays}. Positions and columns are shared out, never tiles: a sum over
 * them is one thread's.
 *
 * @returns false where dw is not finite: the direct kernel must compute it then.
 * @throws OutOfMemoryError before anything is written
 */
export function filterGradient(heap: Heap, g: Geometry, x: number, dy: number, dw: number): boolean {
  const { inChannels: channels, outChannels: outs, batchSize: images } = g;
  return withRoom(heap, channels, outs, (flag, m) => {
    const panels = Math.ceil(outs / 8);
    const work = images * tilesOf(g.outHeight, g.outWidth) * channels * 32;
    // Each chunk transforms x anew.
    const few = Math.min(4, panels);
    const sizes = [images, g.inHeight, g.inWidth, channels, g.outHeight, g.outWidth, outs];
    const head = [x, dy, m, ...sizes, g.padInfo.top, g.padInfo.left];
    const panel = { cost: work, step: few, least: few };
    heap.share("winogradFilterGradient", 4 * panels, panel, (from, to) => [...head, from, to]);
    const row = { cost: WORK_OF_FILTER * outs };
    heap.share("winogradFilterSums", channels, row, (from, to) => [m, dw, flag, channels, outs, from, to]);
  });
}

/** As FILTER, where the filter is small enough to stay in the cache. */
const WORK_OF_FILTER = 60;
/** Numbers before the positions, for the flag; and between them, see `positionStep` in assembly/winograd.ts. */
const HEAD = 4;
const BETWEEN = 16;

const tilesOf = (height: number, width: number): number => Math.ceil(height / 2) * Math.ceil(width / 2);

/** Computes with room for a filter's positions, 16/9 of its size. @returns whether no kernel has raised the flag. */
function withRoom(heap: Heap, rows: number, columns: number, run: (flag: number, positions: number) => void): boolean {
  const padded = Math.ceil(columns / 8) * 8;
  const room: TensorInfo = heap.output([HEAD + POSITIONS * (rows * padded + BETWEEN)]);
  heap.ints(room, 1)[0] = 0;
  run(heap.address(room), heap.address(room) + 4 * HEAD);
  const finite = heap.ints(room, 1)[0] === 0;
  heap.free(room);
  return finite;
}

import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Heap } from "../../heap/heap.ts";
import type { Geometry } from "../../shapes/window-geometry.ts";

/** The use of a convolution: its output, or one of its gradients. */
export type ConvPass = "forward" | "input" | "filter";

/** Positions of a transformed tile. Each position is one matrix product. */
const POSITIONS = 16;
/** Cost of transforming the filter of a pair of channels, including the way through memory. In multiply-adds. */
const FILTER = 150;
/**
 * Cost of transforming a tile of one channel that is read or written, in multiply-adds. The filter gradient reads a window once
 * per row of positions.
 */
const TILE: { readonly [pass in ConvPass]: number } = { forward: 50, input: 50, filter: 80 };
/** Most channels that are read. With more, a block has so few tiles that the transformed filter is often read from main memory. */
const WIDEST_READ: { readonly [pass in ConvPass]: number } = { forward: 256, input: 256, filter: 512 };
/** Most channels that are written. With more, the transformed filter or the sums of its gradient take too much memory. */
const WIDEST = 512;

/**
 * Returns whether Winograd's method is clearly faster than the direct kernel, which takes 9 multiply-adds per pixel and pair
 * of channels. The constants are fitted to CPU times of both, measured alternately on one thread, with and without relaxed
 * SIMD.
 *
 * The forward pass decides by the size of one image, not by their number: the result for an image must not depend on the
 * other images of the batch.
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

/** Addresses of a convolution's operands. `bias` is 0 without a bias. */
export interface Operands {
  readonly x: number;
  readonly filter: number;
  readonly bias: number;
  readonly y: number;
  /** Bounds to which y is clamped. */
  readonly low: number;
  readonly high: number;
}

/**
 * Computes conv2d. Call it only if {@link winogradPays}.
 *
 * @returns false if y is not finite; the direct kernel must then compute it.
 * @throws OutOfMemoryError before anything is written
 */
export function forward(heap: Heap, g: Geometry, operands: Operands): boolean {
  const sizes = [g.inHeight, g.inWidth, g.inChannels, g.outHeight, g.outWidth, g.outChannels] as const;
  return convolve(heap, operands, { rotated: 0, images: g.batchSize, sizes, padding: [g.padInfo.top, g.padInfo.left] });
}

/** Computes the input gradient of conv2d in the same way. dx is the convolution of dy with the filter rotated by 180°. */
export function inputGradient(heap: Heap, g: Geometry, dy: number, filter: number, dx: number): boolean {
  const sizes = [g.outHeight, g.outWidth, g.outChannels, g.inHeight, g.inWidth, g.inChannels] as const;
  const operands = { x: dy, filter, bias: 0, y: dx, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  const padding = [2 - g.padInfo.top, 2 - g.padInfo.left] as const;
  return convolve(heap, operands, { rotated: 1, images: g.batchSize, sizes, padding });
}

interface Shape {
  /** 1 to rotate the filter by 180°. */
  readonly rotated: 0 | 1;
  readonly images: number;
  /** Height, width and channels of the images that are read, then of those that are written. */
  readonly sizes: readonly [number, number, number, number, number, number];
  /** Top and left. */
  readonly padding: readonly [number, number];
}

/** Transforms the filter once, divided by columns; then computes the tiles, which are independent. */
function convolve(
  heap: Heap,
  { x, filter, bias, y, low, high }: Operands,
  { rotated, images, sizes, padding }: Shape,
): boolean {
  const [, , ins, height, width, outs] = sizes;
  return withRoom(heap, ins, outs, (flag, u) => {
    const column = { cost: WORK_OF_FILTER * ins, step: 8 };
    heap.share("winogradFilter", outs, column, (from, to) => [filter, u, ins, outs, rotated, from, to]);
    const tile = { cost: POSITIONS * ins * outs + TILE.forward * (ins + outs), step: 4, least: 16 };
    const head = [x, u, bias, y, flag, low, high, ...sizes, ...padding];
    heap.share("winogradConv", images * tilesOf(height, width), tile, (from, to) => [...head, from, to]);
  });
}

/**
 * Computes the filter gradient of conv2d. Call it only if {@link winogradPays}. The work is divided by positions and columns,
 * never by tiles: one thread computes a whole sum over tiles.
 *
 * @returns false if dw is not finite; the direct kernel must then compute it.
 * @throws OutOfMemoryError before anything is written
 */
export function filterGradient(heap: Heap, g: Geometry, x: number, dy: number, dw: number): boolean {
  const { inChannels: channels, outChannels: outs, batchSize: images } = g;
  return withRoom(heap, channels, outs, (flag, m) => {
    const panels = Math.ceil(outs / 8);
    const work = images * tilesOf(g.outHeight, g.outWidth) * channels * 32;
    // Each chunk transforms x again.
    const few = Math.min(4, panels);
    const sizes = [images, g.inHeight, g.inWidth, channels, g.outHeight, g.outWidth, outs];
    const head = [x, dy, m, ...sizes, g.padInfo.top, g.padInfo.left];
    const panel = { cost: work, step: few, least: few };
    heap.share("winogradFilterGradient", 4 * panels, panel, (from, to) => [...head, from, to]);
    const row = { cost: WORK_OF_FILTER * outs };
    heap.share("winogradFilterSums", channels, row, (from, to) => [m, dw, flag, channels, outs, from, to]);
  });
}

/** Like FILTER, for a filter that is small enough to stay in the cache. */
const WORK_OF_FILTER = 60;
/** Numbers before the positions, for the flag, and between the positions; see `positionStep` in assembly/winograd.ts. */
const HEAD = 4;
const BETWEEN = 16;

const tilesOf = (height: number, width: number): number => Math.ceil(height / 2) * Math.ceil(width / 2);

/** Calls `run` with room for a filter's positions, which is 16/9 of its size. @returns whether no kernel has set the flag. */
function withRoom(heap: Heap, rows: number, columns: number, run: (flag: number, positions: number) => void): boolean {
  const padded = Math.ceil(columns / 8) * 8;
  const room: TensorInfo = heap.output([HEAD + POSITIONS * (rows * padded + BETWEEN)]);
  heap.ints(room, 1)[0] = 0;
  run(heap.address(room), heap.address(room) + 4 * HEAD);
  const finite = heap.ints(room, 1)[0] === 0;
  heap.free(room);
  return finite;
}

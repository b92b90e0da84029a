import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Geometry } from "../shapes/window-geometry.ts";
import type { WasmBackend } from "../heap/heap.ts";

/**
 * What XNNPACK keeps of a tensor of weights: operators with packed weights, each with the pointers for the size of image
 * that it saw last. Under the tensor's data: another tensor on the same data has the same operators.
 */
const operators = new WeakMap<object, Map<string, string>>();

/** Makes XNNPACK forget what it packed of a tensor: it keeps weights by tensor and would go on with the old ones. */
export function forgetPacked({ dataIdMap, wasm }: WasmBackend, { dataId, shape }: TensorInfo): void {
  const { id, memoryOffset } = dataIdMap.get(dataId);
  wasm.tfjs.disposeData(id);
  wasm.tfjs.registerTensor(
    id,
    shape.reduce((size, n) => size * n, 1),
    memoryOffset,
  );
  operators.delete(dataId);
}

/** One convolution by XNNPACK. */
export interface Convolution {
  readonly filter: TensorInfo;
  readonly bias?: TensorInfo | undefined;
  readonly geometry: Geometry;
  readonly depthwise: boolean;
  readonly activation: string;
}

/**
 * Runs a convolution by XNNPACK once there is room for all that it takes. XNNPACK and tfjs's C++ allocate past the guarded
 * malloc: without room one keeps a broken operator for as long as the filter lives, and the other aborts. Where the operator
 * stands already nothing is asked.
 *
 * @throws OutOfMemoryError before anything is written
 */
export function withRoom<T>(backend: WasmBackend, convolution: Convolution, run: () => T): T {
  const weights = [convolution.filter, convolution.bias].filter((tensor) => tensor !== undefined);
  const { key, image } = identityOf(backend, convolution);
  if (weights.some(({ dataId }) => operators.get(dataId)?.get(key) !== image)) {
    assertRoom(backend, convolutionBlocks(convolution));
  }
  try {
    const result = run();
    for (const { dataId } of weights) {
      const known = operators.get(dataId);
      if (known) known.set(key, image);
      else operators.set(dataId, new Map([[key, image]]));
    }
    return result;
  } catch (error) {
    for (const tensor of weights) forgetPacked(backend, tensor);
    throw error;
  }
}

/**
 * Asserts that blocks of these sizes can be had, all at once.
 *
 * @param blocks bytes of each
 * @throws OutOfMemoryError
 */
export function assertRoom({ wasm }: WasmBackend, blocks: readonly number[]): void {
  const held: number[] = [];
  try {
    // Mostly there is room for all in one piece, which is the quickest to see.
    held.push(wasm._malloc(blocks.reduce((sum, bytes) => sum + bytes, 0)));
    return;
  } catch {
    // Not in one piece.
  } finally {
    for (const address of held.splice(0)) wasm._free(address);
  }
  try {
    for (const bytes of blocks) held.push(wasm._malloc(bytes));
  } finally {
    for (const address of held) wasm._free(address);
  }
}

/** The operator's key in tfjs's C++, and the size of image for which its pointers are computed. */
function identityOf(
  { dataIdMap }: WasmBackend,
  { filter, bias, geometry: g, depthwise, activation }: Convolution,
): { readonly key: string; readonly image: string } {
  const ids = [filter, bias].map((tensor) => (tensor ? dataIdMap.get(tensor.dataId).id : 0));
  const { type, top, bottom, left, right } = g.padInfo;
  const window = [g.filterHeight, g.filterWidth, g.strideHeight, g.strideWidth, g.dilationHeight, g.dilationWidth];
  return {
    key: [...ids, depthwise, activation, type, top, bottom, left, right, ...window, g.inChannels, g.outChannels].join(),
    image: [g.inHeight, g.inWidth].join(),
  };
}

const roundUp = (n: number, step: number): number => Math.ceil(n / step) * step;
/** XNNPACK's tiles are no wider than this: output channels of a product, and its pixels. */
const TILE = 16;
/** XNNPACK's products take input channels by four at most. */
const DEPTH = 4;
/** Taps of XNNPACK's depthwise kernels; other windows are products of one channel. */
const TAPS = [4, 9, 25];
/** Operators themselves, and the ends of rows that may be read past. */
const SLACK = 4096;

/** Upper bounds in bytes of what XNNPACK and tfjs allocate: output, filter turned, weights packed, pointers. */
function convolutionBlocks({ geometry: g, depthwise }: Convolution): number[] {
  const taps = g.filterHeight * g.filterWidth;
  const pixels = g.outHeight * g.outWidth;
  const output = g.batchSize * pixels * g.outChannels;
  const tile = depthwise && g.outChannels === g.inChannels ? TAPS.find((size) => size >= taps) : undefined;
  const groups = depthwise ? g.inChannels : 1;
  const perGroup = roundUp(g.outChannels / groups, TILE) * (taps * roundUp(g.inChannels / groups, DEPTH) + 1);
  const packed = tile ? roundUp(g.inChannels, TILE) * (tile + 1) : groups * perGroup;
  const turned = depthwise ? 0 : taps * g.inChannels * g.outChannels;
  const pointers = taps * roundUp(pixels, TILE);
  return [output, turned + g.outChannels, packed, pointers].map((numbers) => 4 * numbers + SLACK);
}

/** The same of a pool, which packs nothing. */
export function poolBlocks(g: Geometry): number[] {
  const pixels = g.outHeight * g.outWidth;
  const pointers = g.filterHeight * g.filterWidth * roundUp(pixels, TILE);
  return [g.batchSize * pixels * g.outChannels, pointers].map((numbers) => 4 * numbers + SLACK);
}

/** The same of a bilinear resize: four pointers and two weights a pixel. */
export function resizeBlocks(shape: readonly number[]): number[] {
  const [batch, height, width, channels] = shape as [number, number, number, number];
  return [batch * height * width * channels, 6 * height * width].map((numbers) => 4 * numbers + SLACK);
}

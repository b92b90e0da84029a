import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Geometry } from "../shapes/window-geometry.ts";
import type { WasmBackend } from "../stock-backend/wasm-backend.ts";

/**
 * The operators that XNNPACK keeps for a tensor of weights. An operator has the packed weights, and pointers for the image
 * size that it saw last. The key is the tensor's data, because tensors that share data share operators.
 */
const operators = new WeakMap<object, Map<string, string>>();

/**
 * Makes XNNPACK discard the packed weights of a tensor. It caches them by tensor, and after a change of the tensor it would
 * still compute with the old ones.
 */
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

/** The parts of a convolution from which XNNPACK builds an operator. */
export interface Convolution {
  readonly filter: TensorInfo;
  readonly bias?: TensorInfo | undefined;
  readonly geometry: Geometry;
  readonly depthwise: boolean;
  readonly activation: string;
}

/**
 * Runs a convolution by XNNPACK after a check that the heap has room for all its allocations. XNNPACK and tfjs's C++ allocate
 * past the guarded malloc. Without room, XNNPACK keeps a broken operator for as long as the filter lives, and tfjs aborts. If
 * the operator exists already, nothing is checked.
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
 * Asserts that blocks of these sizes can be allocated at the same time.
 *
 * @param blocks bytes of each block
 * @throws OutOfMemoryError if they cannot
 */
export function assertRoom({ wasm }: WasmBackend, blocks: readonly number[]): void {
  const held: number[] = [];
  try {
    // One block for all of them is the quickest check, and usually succeeds.
    held.push(wasm._malloc(blocks.reduce((sum, bytes) => sum + bytes, 0)));
    return;
  } catch {
    // Smaller gaps may still be enough.
  } finally {
    for (const address of held.splice(0)) wasm._free(address);
  }
  try {
    for (const bytes of blocks) held.push(wasm._malloc(bytes));
  } finally {
    for (const address of held) wasm._free(address);
  }
}

/** Returns the operator's key in tfjs's C++, and the image size for which its pointers are computed. */
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
/** Largest width of XNNPACK's tiles, in output channels and in pixels of a product. */
const TILE = 16;
/** Most input channels that XNNPACK's products take at a time. */
const DEPTH = 4;
/** Numbers of taps of XNNPACK's depthwise kernels. It computes other windows as products of one channel. */
const TAPS = [4, 9, 25];
/** Bytes of an operator itself, and of the row ends that XNNPACK may read past. */
const SLACK = 4096;

/**
 * Returns upper bounds, in bytes, of the blocks that XNNPACK and tfjs allocate: output, transposed filter, packed weights,
 * pointers.
 */
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

/** Returns the same bounds for a pool, which has no packed weights. */
export function poolBlocks(g: Geometry): number[] {
  const pixels = g.outHeight * g.outWidth;
  const pointers = g.filterHeight * g.filterWidth * roundUp(pixels, TILE);
  return [g.batchSize * pixels * g.outChannels, pointers].map((numbers) => 4 * numbers + SLACK);
}

/** Returns the same bounds for a bilinear resize: four pointers and two weights per pixel. */
export function resizeBlocks(shape: readonly number[]): number[] {
  const [batch, height, width, channels] = shape as [number, number, number, number];
  return [batch * height * width * channels, 6 * height * width].map((numbers) => 4 * numbers + SLACK);
}

import type { StockBuffers } from "./internals.ts";

/**
 * Destroys the buffers that tfjs keeps for reuse. tfjs's pool has one list for each exact size and never shrinks by itself, so
 * that changing batch sizes leave one set of buffers for each size.
 *
 * @returns the number of bytes freed.
 */
export function trimPool(buffers: StockBuffers): number {
  let freed = 0;
  // Empty the lists but keep them: tfjs adds a released buffer to the list of its size without checking that it exists.
  for (const list of buffers.freeBuffers.values()) {
    for (const buffer of list) {
      freed += buffer.size;
      buffer.destroy();
    }
    buffers.numFreeBuffers -= list.length;
    list.length = 0;
  }
  buffers.numBytesAllocated -= freed;
  return freed;
}

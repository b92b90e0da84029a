import type { StockBuffers } from "./internals.ts";

/**
 * Destroys the buffers that tfjs keeps for reuse. Its pool is keyed by exact size and never shrinks by itself: over
 * changing batch sizes it holds one set of buffers for each.
 *
 * @returns bytes freed.
 */
export function trimPool(buffers: StockBuffers): number {
  let freed = 0;
  // The keys stay: tfjs pushes a released buffer onto the list of its key without asking whether there is one.
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

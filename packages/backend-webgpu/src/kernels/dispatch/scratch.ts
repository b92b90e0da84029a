import type { StockInternals } from "../../device/internals.ts";

/** Takes a storage buffer from tfjs's pool. It returns to the pool when the commands recorded so far are submitted. */
export function scratch(backend: StockInternals, bytes: number): GPUBuffer {
  const buffer = backend.bufferManager.acquireBuffer(bytes, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST);
  backend.uniformPendingDisposal.push(buffer);
  return buffer;
}

/** Takes a storage buffer like `scratch`, and fills it with `words`. */
export function scratchOf(backend: StockInternals, words: Float32Array<ArrayBuffer>): GPUBuffer {
  const buffer = scratch(backend, Math.max(4, words.byteLength));
  backend.device.queue.writeBuffer(buffer, 0, words);
  return buffer;
}

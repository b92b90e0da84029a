import type { StockInternals } from "../../device/internals.ts";

/** A storage buffer from tfjs's pool that goes back to it once the commands recorded so far are submitted. */
export function scratch(backend: StockInternals, bytes: number): GPUBuffer {
  const buffer = backend.bufferManager.acquireBuffer(bytes, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST);
  backend.uniformPendingDisposal.push(buffer);
  return buffer;
}

/** The same, filled with numbers from the host. */
export function scratchOf(backend: StockInternals, words: Float32Array<ArrayBuffer>): GPUBuffer {
  const buffer = scratch(backend, Math.max(4, words.byteLength));
  backend.device.queue.writeBuffer(buffer, 0, words);
  return buffer;
}

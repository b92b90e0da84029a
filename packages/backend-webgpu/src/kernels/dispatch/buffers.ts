import type { TensorInfo } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { internals, type StockInternals } from "../../device/internals.ts";
import type { LiveBackend } from "../../device/live-backend.ts";
import { isCompileOnly } from "./pipelines.ts";

/**
 * Returns the backend that a kernel was called with. Our dispatches do not pass through `runWebGPUProgram`, which checks the
 * device, so this function checks it.
 *
 * @throws BackendLostError if the device is lost, BackendError if it has reported an error.
 */
export function liveInternals(backend: unknown): StockInternals {
  const live = backend as LiveBackend;
  live.watch.assertAlive();
  return internals(live);
}

/**
 * Returns the buffer of a tensor. If its values are still on the host, they are uploaded. The buffer counts as used by commands
 * that are not submitted yet.
 */
export function bufferOf(backend: StockInternals, { dataId }: { readonly dataId: object }): GPUBuffer {
  backend.uploadToGPU(dataId);
  backend.commandQueueOwnedIds.add(dataId);
  return backend.tensorMap.get(dataId).resource as GPUBuffer;
}

/**
 * Returns the buffer of a tensor that a kernel is about to write. If the tensor shares its buffer with others (by `clone` or
 * `assign`), it first gets a copy of its own, so that a user's backup of the weights keeps its values.
 */
export function writableBuffer(backend: StockInternals, tensor: tf.Tensor): GPUBuffer {
  // While kernels only compile, nothing is written.
  if (isCompileOnly()) return bufferOf(backend, tensor);
  // Looking up the data moves it here from the backend that made it. Before that, `refCount` is 0.
  const { refCount } = backend.tensorMap.get(tensor.dataId);
  // An empty tensor has no buffer to write.
  if (tensor.size > 0 && refCount > 1) unshare(backend, tensor);
  const buffer = bufferOf(backend, tensor);
  // tfjs caches values that were read. A write in place makes this cache stale.
  backend.tensorMap.get(tensor.dataId).values = null;
  return buffer;
}

/** Gives `tensor` a buffer of its own with the same values, with the bookkeeping that `Variable.assign` does. */
function unshare(backend: StockInternals, tensor: tf.Tensor): void {
  const engine = tf.engine();
  const source = bufferOf(backend, tensor);
  const fresh = tf.tidy(() => tf.keep(tf.zeros(tensor.shape, "float32")));
  const target = bufferOf(backend, fresh);
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  (backend.commandEncoder as GPUCommandEncoder).copyBufferToBuffer(source, 0, target, 0, source.size);
  engine.disposeTensor(tensor);
  (tensor as { dataId: object }).dataId = fresh.dataId;
  engine.incRef(tensor, engine.backend);
  fresh.dispose();
}

/** Makes a float32 tensor without values, together with its buffer. */
export function newOutput(
  backend: StockInternals,
  shape: readonly number[],
): { readonly info: TensorInfo; readonly buffer: GPUBuffer } {
  const info = backend.makeTensorInfo([...shape], "float32");
  return { info, buffer: bufferOf(backend, info) };
}

import { BackendError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { StockInternals } from "../../device/internals.ts";
import { isCompileOnly } from "./pipelines.ts";

/** The lists of a step: name → tensors, all of one length. */
export type Lists = { readonly [name: string]: readonly tf.Tensor[] };

/**
 * Checks everything before the first byte is written: lengths, dtypes, sizes, and that no tensor is written twice.
 *
 * @throws BackendError with all problems at once.
 */
export function assertLists(kernel: string, lists: Lists, written: readonly string[]): void {
  const [first, ...rest] = Object.entries(lists);
  if (!first) return;
  const [firstName, reference] = first;
  const problems = rest
    .filter(([, tensors]) => tensors.length !== reference.length)
    .map(([name, tensors]) => `${name} has ${tensors.length} tensors, ${firstName} ${reference.length}`);
  for (const [name, tensors] of Object.entries(lists)) {
    tensors.forEach((tensor, i) => {
      if (!tensor || tensor.isDisposed) problems.push(`${name}[${i}] is disposed or missing`);
      else if (tensor.dtype !== "float32") problems.push(`${name}[${i}] is ${tensor.dtype}, not float32`);
      else if (reference[i] && tensor.size !== reference[i].size)
        problems.push(`${name}[${i}] has ${tensor.size} elements, ${firstName}[${i}] ${reference[i].size}`);
    });
  }
  const ids = written.flatMap((name) => (lists[name] ?? []).map((tensor) => tensor?.id));
  if (new Set(ids).size !== ids.length) problems.push("a tensor that is written stands in the lists twice");
  if (problems.length > 0) {
    throw new BackendError(`${kernel}: ${problems.join("; ")}.`, "Nothing was written. See docs/fused-kernels.md.");
  }
}

/** The buffer of a tensor, uploaded where it is on the host still. `keep` marks it as used by commands not yet submitted. */
export function bufferOf(backend: StockInternals, tensor: tf.Tensor): GPUBuffer {
  backend.uploadToGPU(tensor.dataId);
  backend.commandQueueOwnedIds.add(tensor.dataId);
  return backend.tensorMap.get(tensor.dataId).resource as GPUBuffer;
}

/**
 * The buffer of a tensor that is about to be written: its own. One that it shares with others (`clone`, `assign`) is
 * copied first, so that a backup of the weights stays what it was.
 */
export function writableBuffer(backend: StockInternals, tensor: tf.Tensor): GPUBuffer {
  // Nothing is going to be written.
  if (isCompileOnly()) return bufferOf(backend, tensor);
  // Asking for its data brings it here from the backend it was made on; until then `refCount` says 0.
  const { refCount } = backend.tensorMap.get(tensor.dataId);
  // A size of 0 has nothing to write, and no buffer.
  if (tensor.size > 0 && refCount > 1) unshare(backend, tensor);
  const buffer = bufferOf(backend, tensor);
  // tfjs keeps what it read once; after an in-place write that copy is old.
  backend.tensorMap.get(tensor.dataId).values = null;
  return buffer;
}

/** Gives `tensor` a buffer of its own with the same numbers, by the same bookkeeping as `Variable.assign`. */
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

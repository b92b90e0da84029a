import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { NativeTensor } from "../../load/native-backend-types.ts";
import type { Native } from "../native.ts";

/**
 * Puts a freshly computed value into a tfjs tensor: its data id gets the new handle and the old one is freed. Where other
 * tensors share the data (a user's clone of the weights), the tensor moves to data of its own and theirs stays as it is.
 */
export function writeTensor({ backend, free, info }: Native, tensor: Tensor, value: NativeTensor): void {
  const data = backend.tensorMap.get(tensor.dataId);
  if (data.refCount === 1) {
    if (data.values === null) free({ ...value, id: data.id });
    data.values = null;
    data.id = value.id;
    return;
  }
  const engine = tf.engine();
  const fresh = engine.makeTensorFromTensorInfo(info(value));
  engine.disposeTensor(tensor);
  (tensor as { dataId: object }).dataId = fresh.dataId;
  (engine as unknown as { incRef(tensor: Tensor, backend: unknown): void }).incRef(tensor, backend);
  fresh.dispose();
}

/** Computed values that are not yet written, with where they go. Frees everything when a later one fails. */
export interface PendingWrites {
  add(tensor: Tensor, value: NativeTensor): NativeTensor;
  /** Writes all of it. */
  commit(): void;
  /** Frees all of it; nothing was written. */
  abandon(): void;
}

/** Collects a step's results, so that the first byte is written after the last was computed. */
export function pendingWrites(native: Native): PendingWrites {
  const values: [Tensor, NativeTensor][] = [];
  return {
    add(tensor, value) {
      values.push([tensor, value]);
      return value;
    },
    commit() {
      for (const [tensor, value] of values) writeTensor(native, tensor, value);
    },
    abandon() {
      native.free(...values.map(([, value]) => value));
    },
  };
}

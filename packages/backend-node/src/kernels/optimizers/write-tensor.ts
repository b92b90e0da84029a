import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { NativeTensor } from "../../load/native-backend-types.ts";
import type { Native } from "../native.ts";

/**
 * Replaces the value of a tfjs tensor and frees the old value. If other tensors share the data, such as a user's clone of the
 * weights, they keep the old value, and this tensor gets data of its own.
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

/** Computed values that are not written yet, with their tensors. */
export interface PendingWrites {
  /** Adds a value and returns it. */
  add(tensor: Tensor, value: NativeTensor): NativeTensor;
  /** Writes all values. */
  commit(): void;
  /** Frees all values without writing them. */
  abandon(): void;
}

/** Collects the results of a step, so that nothing is written before all values are computed. */
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

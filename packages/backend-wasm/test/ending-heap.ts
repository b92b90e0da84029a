import * as tf from "@tensorflow/tfjs-core";
import { registerTrainingKernels, wasmBackend } from "../src/index.ts";
import type { WasmBackend } from "../src/stock-backend/wasm-backend.ts";

/** A wasm backend whose heap ends when the test says so: malloc, beneath the guard, then returns 0 as it does at 4 GiB. */
export interface EndingHeap {
  /** Runs `step` with only `allocations` more of them granted; whether one was refused. */
  during(allocations: number, step: () => void): boolean;
}

/** Opens the backend and puts malloc under the test's thumb before the guard is laid over it. */
export async function openEndingHeap(): Promise<EndingHeap> {
  const session = await wasmBackend().init();
  await session.dispose();
  const { wasm } = tf.backend() as WasmBackend;
  wasm._free(wasm._malloc(16));
  const malloc = wasm._malloc;
  let left = Number.POSITIVE_INFINITY;
  let refused = false;
  wasm._malloc = (bytes) => {
    if (left-- > 0) return malloc(bytes);
    refused = true;
    return 0;
  };
  registerTrainingKernels();
  return {
    during(allocations, step) {
      left = allocations;
      refused = false;
      try {
        step();
      } finally {
        left = Number.POSITIVE_INFINITY;
      }
      return refused;
    },
  };
}

import * as tf from "@tensorflow/tfjs-core";
import { registerTrainingKernels, wasmBackend } from "../src/index.ts";
import type { WasmBackend } from "../src/stock-backend/wasm-backend.ts";

/** A wasm backend whose heap is full when the test says so. malloc, which the guard calls, then returns 0 as it does at 4 GiB. */
export interface LimitedHeap {
  /** Runs `step` and grants only this number of further allocations. Returns whether one was refused. */
  during(allocations: number, step: () => void): boolean;
}

/** Opens the backend and replaces malloc before the guard wraps it. */
export async function openLimitedHeap(): Promise<LimitedHeap> {
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

import { missingTrainingKernels } from "@graftjs/backend";
import type { Capabilities } from "@graftjs/core";
import { simdLevel } from "./simd/module.ts";

/**
 * Returns the capabilities of the backend.
 *
 * @param promised kernels that will be registered later and count as present
 * @param threads number of threads that compute
 */
export function capabilities(promised: readonly string[], threads: number): Capabilities {
  return {
    missingKernels: missingTrainingKernels("wasm", promised),
    floatBits: 32,
    syncRead: true,
    description: describe(threads),
  };
}

/** Describes the backend in a few words: its instruction set and the number of threads. */
export function describe(threads: number): string {
  const level = { relaxed: "relaxed SIMD", simd: "SIMD", none: "no SIMD: slow, composed kernels" }[simdLevel()];
  return `WebAssembly, ${level}, ${threads} thread${threads === 1 ? "" : "s"}`;
}

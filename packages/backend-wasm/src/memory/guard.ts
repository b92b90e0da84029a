import { type Registration, replaceKernels } from "@graftjs/backend";
import * as tf from "@tensorflow/tfjs-core";
import type { WasmBackend } from "../stock-backend/wasm-backend.ts";
import { once } from "../tfjs-registry/registration.ts";
import { keepFailedMoves } from "./failed-moves.ts";
import { freeFailedTapes } from "./failed-tapes.ts";
import { namingErrors } from "./named-errors.ts";
import { OutOfMemoryError } from "./out-of-memory.ts";

/**
 * Makes an exhausted heap throw an {@link OutOfMemoryError}. Without this, malloc returns the address 0, and stock tfjs
 * overwrites its own memory from there on.
 */
export function guardMemory(backend: WasmBackend): Registration {
  const { wasm } = backend;
  // At its first call Emscripten replaces `_malloc` by the bare function, which would also replace the guard.
  wasm._free(wasm._malloc(16));
  const malloc = wasm._malloc;
  const guarded = (bytes: number): number => {
    const address = malloc(bytes);
    // Near 4 GiB malloc may also return an address from which the block would pass the end of the heap.
    const outside = (address >>> 0) + bytes > wasm.HEAPU8.byteLength;
    if (bytes > 0 && (address === 0 || outside)) throw new OutOfMemoryError(bytes, wasm.HEAPU8.byteLength);
    return address;
  };
  wasm._malloc = guarded;
  const naming = tf
    .getKernelsForBackend("wasm")
    .map(({ kernelName, kernelFunc }) => [kernelName, namingErrors(kernelName, kernelFunc)] as const);
  const named = replaceKernels("wasm", Object.fromEntries(naming));
  const tapes = freeFailedTapes();
  const moves = keepFailedMoves(backend);
  return once(() => {
    moves.dispose();
    tapes.dispose();
    named.dispose();
    if (wasm._malloc === guarded) wasm._malloc = malloc;
  });
}

import { PIECES } from "../generated/kernels.ts";
import { declareMemoryShared } from "./shared-memory.ts";

/** The exported functions of assembly/index.ts. Addresses, counts and flags are numbers; see the sources for their order. */
export interface Kernels {
  readonly [name: string]: (...args: number[]) => number;
}

export type SimdLevel = "relaxed" | "simd" | "none";

let level: SimdLevel | undefined;

/** What the engine can run, by asking it to validate the modules themselves. An engine does not change: asked once. */
export function simdLevel(): SimdLevel {
  level ??= measuredLevel();
  return level;
}

function measuredLevel(): SimdLevel {
  if (typeof WebAssembly === "undefined") return "none";
  if (WebAssembly.validate(bytesOf("relaxed"))) return "relaxed";
  return WebAssembly.validate(bytesOf("simd")) ? "simd" : "none";
}

/** The module for `level`, ready for a heap that is shared between threads or is not. */
export function compileKernels(level: Exclude<SimdLevel, "none">, shared: boolean): WebAssembly.Module {
  const bytes = bytesOf(level);
  return new WebAssembly.Module(shared ? declareMemoryShared(bytes) : bytes);
}

/** The kernels on the heap `memory`. The module keeps no state, so there may be any number of instances on one heap. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
}

function bytesOf(level: Exclude<SimdLevel, "none">): Uint8Array<ArrayBuffer> {
  const hex = PIECES.map(([simd, relaxed]) => (level === "relaxed" ? relaxed : simd)).join("");
  const bytes = new Uint8Array(hex.length / 2);
  // Digits follow at 48, letters at 97, nine more than their last four bits.
  const digit = (code: number): number => (code & 15) + (code > 57 ? 9 : 0);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = 16 * digit(hex.charCodeAt(2 * i)) + digit(hex.charCodeAt(2 * i + 1));
  return bytes;
}

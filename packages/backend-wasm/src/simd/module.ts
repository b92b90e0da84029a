import { PIECES } from "../generated/kernels.ts";
import { declareMemoryShared } from "./shared-memory.ts";

/** The exported functions of assembly/index.ts. Addresses, counts and flags are numbers; the sources give their order. */
export interface Kernels {
  readonly [name: string]: (...args: number[]) => number;
}

/** The best instruction set that the engine runs. */
export type SimdLevel = "relaxed" | "simd" | "none";

let level: SimdLevel | undefined;

/** Returns the best instruction set that the engine runs. It is found once by asking the engine to validate the modules. */
export function simdLevel(): SimdLevel {
  level ??= detectLevel();
  return level;
}

function detectLevel(): SimdLevel {
  if (typeof WebAssembly === "undefined") return "none";
  if (WebAssembly.validate(bytesOf("relaxed"))) return "relaxed";
  return WebAssembly.validate(bytesOf("simd")) ? "simd" : "none";
}

/** Compiles the kernels for `level`. `shared` says whether threads share the heap that they will run on. */
export function compileKernels(level: Exclude<SimdLevel, "none">, shared: boolean): WebAssembly.Module {
  const bytes = bytesOf(level);
  return new WebAssembly.Module(shared ? declareMemoryShared(bytes) : bytes);
}

/** Instantiates the kernels on the heap `memory`. The module has no state, so one heap may have any number of instances. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
}

function bytesOf(level: Exclude<SimdLevel, "none">): Uint8Array<ArrayBuffer> {
  const hex = PIECES.map(([simd, relaxed]) => (level === "relaxed" ? relaxed : simd)).join("");
  const bytes = new Uint8Array(hex.length / 2);
  // "0" has the code 48 and "a" the code 97: the low four bits are the digit, for letters 9 less.
  const digit = (code: number): number => (code & 15) + (code > 57 ? 9 : 0);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = 16 * digit(hex.charCodeAt(2 * i)) + digit(hex.charCodeAt(2 * i + 1));
  return bytes;
}

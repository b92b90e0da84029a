import { RELAXED_SIMD, SIMD } from "../generated/kernels.ts";

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
  if (WebAssembly.validate(bytesOf(RELAXED_SIMD))) return "relaxed";
  return WebAssembly.validate(bytesOf(SIMD)) ? "simd" : "none";
}

/** The module for `level`, ready for a heap that is shared between threads or is not. */
export function compileKernels(level: Exclude<SimdLevel, "none">, shared: boolean): WebAssembly.Module {
  const bytes = bytesOf(level === "relaxed" ? RELAXED_SIMD : SIMD);
  return new WebAssembly.Module(shared ? importSharedMemory(bytes) : bytes);
}

/** The kernels on the heap `memory`. The module keeps no state, so there may be any number of instances on one heap. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

const IMPORT_SECTION = 2;
const MEMORY_IMPORT = 2;
const LIMITS_WITH_MAXIMUM = 1;
const LIMITS_SHARED = 3;

/** The module with its imported memory declared shared: one flag, which saves carrying each module twice. */
export function importSharedMemory(module: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const bytes = module.slice();
  let at = 8;
  const byte = (): number => bytes[at++] as number;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const b = byte();
      value |= (b & 0x7f) << shift;
      if (b < 0x80) return value >>> 0;
    }
  };
  const skipName = (): void => {
    const length = number();
    at += length;
  };
  while (at < bytes.length) {
    const section = byte();
    const size = number();
    const end = at + size;
    if (section === IMPORT_SECTION) {
      // Memory is the only import, so the first entry is it.
      number();
      skipName();
      skipName();
      if (byte() !== MEMORY_IMPORT || bytes[at] !== LIMITS_WITH_MAXIMUM) break;
      bytes[at] = LIMITS_SHARED;
      return bytes;
    }
    at = end;
  }
  throw new Error("The kernels do not import a memory with a maximum as their first import.");
}

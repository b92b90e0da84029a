import { declareMemoryShared } from "../simd/shared-memory.ts";
import type { WasmPaths } from "./wasm-paths.ts";

/** The files of `@tensorflow/tfjs-backend-wasm`. */
const FILES = [
  "tfjs-backend-wasm.wasm",
  "tfjs-backend-wasm-simd.wasm",
  "tfjs-backend-wasm-threaded-simd.wasm",
] as const;
const SIMD = FILES[1];

/** Paths to give to tfjs, and what stands behind them until `release()`. */
export interface SharedFiles {
  readonly paths: { readonly [fileName: string]: string };
  release(): void;
}

/** The path of each file, as tfjs would build it. */
export function eachPath(paths: WasmPaths): { readonly [fileName: string]: string } {
  return typeof paths === "string" ? Object.fromEntries(FILES.map((name) => [name, paths + name])) : paths;
}

/**
 * The peer's SIMD build on a heap that threads can share: its own file with the memory declared shared, behind a blob URL.
 *
 * The peer's threaded build would do too, and was not taken: its XNNPACK divides each convolution by the number of threads
 * and waits for all, so that on a busy machine the slowest sets the pace (docs/decisions/008-one-pool-for-wasm.md).
 *
 * @throws Error where the file cannot be read.
 */
export async function sharedFiles(paths: WasmPaths): Promise<SharedFiles> {
  const path = eachPath(paths)[SIMD];
  if (path === undefined) throw new Error(`\`wasmPaths\` has no entry for ${SIMD}`);
  const bytes = declareMemoryShared(await read(path));
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/wasm" }));
  return {
    paths: Object.fromEntries(FILES.map((name) => [name, url])),
    release: () => URL.revokeObjectURL(url),
  };
}

async function read(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const { process } = globalThis as { process?: NodeJS.Process };
  const fs = process?.versions?.node ? process.getBuiltinModule?.("node:fs/promises") : undefined;
  if (fs && !/^(https?|blob|data):/.test(path)) {
    return new Uint8Array(await fs.readFile(path.startsWith("file:") ? new URL(path) : path));
  }
  const response = await fetch(path, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`${path} answers ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

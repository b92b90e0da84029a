import { declareMemoryShared } from "../simd/shared-memory.ts";
import type { WasmPaths } from "./wasm-paths.ts";

/** The files of `@tensorflow/tfjs-backend-wasm`. */
const FILES = [
  "tfjs-backend-wasm.wasm",
  "tfjs-backend-wasm-simd.wasm",
  "tfjs-backend-wasm-threaded-simd.wasm",
] as const;
const SIMD = FILES[1];

/** Paths to give to tfjs. They are valid until `release()`. */
export interface SharedFiles {
  readonly paths: { readonly [fileName: string]: string };
  release(): void;
}

/** Returns the path of each file, built in the same way as tfjs does. */
export function eachPath(paths: WasmPaths): { readonly [fileName: string]: string } {
  return typeof paths === "string" ? Object.fromEntries(FILES.map((name) => [name, paths + name])) : paths;
}

/**
 * Makes a copy of the peer's SIMD build whose memory threads can share, and returns its blob URL as the path of every file.
 *
 * The peer's own threaded build is not used. Its XNNPACK divides each convolution by the number of threads and waits for
 * all of them, so on a busy machine the slowest thread sets the pace (docs/decisions/008-one-pool-for-wasm.md).
 *
 * @throws Error if the file cannot be read.
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

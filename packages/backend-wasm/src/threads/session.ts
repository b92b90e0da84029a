import * as tf from "@tensorflow/tfjs-core";
import { heapOf } from "../simd/heap.ts";
import { simdLevel } from "../simd/module.ts";
import type { WasmPaths } from "../wasm-paths.ts";
import { whyNotShared } from "./option.ts";
import { type SharedFiles, sharedFiles } from "./peer-files.ts";

/** The threads of one session. */
export interface Crew {
  readonly threads: number;
  end(): void;
}

const NO_SIMD = "this engine has no WebAssembly SIMD";
const ALONE: Crew = { threads: 1, end: () => {} };

/** What tfjs must load so that threads can share its heap, or why that cannot be. */
export async function prepareHeap(paths: WasmPaths | undefined): Promise<SharedFiles | string> {
  if (simdLevel() === "none") return NO_SIMD;
  const obstacle = whyNotShared();
  if (obstacle !== undefined) return obstacle;
  if (paths === undefined) return "tfjs's .wasm files were not found. Pass `wasmPaths`";
  try {
    return await sharedFiles(paths);
  } catch (error) {
    return `tfjs's .wasm file cannot be read: ${(error as Error).message}`;
  }
}

/**
 * Starts the workers beside the backend that runs. Where that cannot be, one warning says why, and one thread computes.
 *
 * @param obstacle what {@link prepareHeap} found
 */
export async function startCrew(threads: number, obstacle: string | undefined): Promise<Crew> {
  if (threads === 1) return ALONE;
  const alone = (why: string): Crew => {
    console.warn(`@graftjs/backend-wasm: one thread computes, not ${threads}: ${why}.`);
    return ALONE;
  };
  if (obstacle !== undefined) return alone(obstacle);
  if (simdLevel() === "none") return alone(NO_SIMD);
  const heap = heapOf(tf.backend());
  if (!heap.shared) return alone("tfjs's wasm backend ran already, on memory of its own. Open the session before it");
  try {
    await heap.startThreads(threads, (reason) => alone(`a worker was lost, ${reason}`));
  } catch (error) {
    return alone(`a worker did not start, ${(error as Error).message}`);
  }
  return { threads, end: () => heap.endThreads() };
}

import * as tf from "@tensorflow/tfjs-core";
import { simdLevel } from "../simd/module.ts";
import { type SharedFiles, sharedFiles } from "../stock-backend/shared-files.ts";
import type { WasmPaths } from "../stock-backend/wasm-paths.ts";
import { once } from "../tfjs-registry/registration.ts";
import { whyNotShared } from "../threads/thread-count.ts";
import { type Heap, heapOf } from "./heap.ts";

/** One session's claim to the threads of a heap. */
export interface ThreadClaim {
  /** Gives the claim up. The threads end with the last claim. */
  end(): void;
}

/** The claims to the one pool of a heap. The pool has as many threads as the largest claim asks for. */
interface Claims {
  open: number;
  /** Settles when the latest start is over. Two starts at once would leave a pool that nobody ends. */
  started: Promise<void>;
}

const claimsOf = new WeakMap<Heap, Claims>();

const NO_SIMD = "this engine has no WebAssembly SIMD";
const NO_CLAIM: ThreadClaim = { end: () => {} };

/** Returns the files that tfjs must load so that threads can share its heap, or the reason why they cannot. */
export async function prepareSharedHeap(paths: WasmPaths | undefined): Promise<SharedFiles | string> {
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
 * Claims `threads` threads on the running backend: joins those that another session has started, or starts them. If that
 * fails, one warning says why, and the claim is empty.
 *
 * @param obstacle the reason that {@link prepareSharedHeap} returned, if it did
 */
export async function claimThreads(threads: number, obstacle: string | undefined): Promise<ThreadClaim> {
  if (threads === 1) return NO_CLAIM;
  const warn = (why: string, now = 1): ThreadClaim => {
    const computing = now === 1 ? "one thread computes" : `${now} threads compute`;
    console.warn(`@graftjs/backend-wasm: ${computing}, not ${threads}: ${why}.`);
    return NO_CLAIM;
  };
  if (obstacle !== undefined) return warn(obstacle);
  if (simdLevel() === "none") return warn(NO_SIMD);
  const heap = heapOf(tf.backend());
  if (!heap.shared) return warn("tfjs's wasm backend ran already, on memory of its own. Open the session before it");
  const claims = claimsOf.get(heap) ?? { open: 0, started: Promise.resolve() };
  claimsOf.set(heap, claims);
  claims.open++;
  const claim = once(() => {
    claims.open--;
    if (claims.open === 0) heap.endThreads();
  });
  const start = async (): Promise<void> => {
    if (heap.threads < threads) await heap.startThreads(threads, (reason) => warn(`a worker was lost, ${reason}`));
  };
  const started = claims.started.then(start);
  claims.started = started.catch(() => {});
  try {
    await started;
  } catch (error) {
    claim.dispose();
    return warn(`a worker did not start, ${(error as Error).message}`, heap.threads);
  }
  return { end: () => claim.dispose() };
}

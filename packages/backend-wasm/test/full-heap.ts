import * as tf from "@tensorflow/tfjs-core";
import type { WasmBackend } from "../src/stock-backend/wasm-backend.ts";

const heap = (): WasmBackend["wasm"] => (tf.backend() as WasmBackend).wasm;

interface Block {
  readonly address: number;
  readonly bytes: number;
}

/** Runs `inside` on a heap of 4 GiB that is full except for one hole. */
export function withHole(bytes: number, inside: () => void): void {
  const hole = heap()._malloc(bytes);
  const held = takeAll(2 ** 30);
  heap()._free(hole);
  try {
    inside();
  } finally {
    release(held);
  }
}

/** Returns the bytes that can still be allocated on a full heap. */
export function freeBytes(): number {
  const held = takeAll(2 ** 20);
  release(held);
  return held.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Allocates blocks of `largest` bytes until it fails, then of half as many bytes, down to malloc's smallest block. */
function takeAll(largest: number): Block[] {
  const held: Block[] = [];
  for (let bytes = largest; bytes >= 8; ) {
    try {
      held.push({ address: heap()._malloc(bytes), bytes });
    } catch {
      bytes /= 2;
    }
  }
  return held;
}

const release = (blocks: readonly Block[]): void => {
  for (const { address } of blocks) heap()._free(address);
};

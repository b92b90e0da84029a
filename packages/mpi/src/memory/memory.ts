import { OptionsError } from "@graftjs/core";
import type { Collective } from "@graftjs/tuner";
import { failedRank, lateRank } from "../rank-error.ts";
import { TIMEOUT_SECONDS } from "../timeout.ts";
import { bytesOf, type Layout, layoutOf, type MemoryGroup, MESSAGE_BYTES, WORD } from "./layout.ts";

/** Creates the shared memory of `size` workers. @param capacity bytes that a rank passes at a time. @default 1 MiB */
export function memoryGroup(size: number, capacity: number = 2 ** 20): MemoryGroup {
  if (!Number.isInteger(size) || size < 1)
    throw new OptionsError(`A group of ${size} ranks.`, "Give a whole number ≥ 1.");
  const whole = Math.ceil(Math.max(capacity, 8) / 8) * 8;
  return { size, capacity: whole, memory: new SharedArrayBuffer(bytesOf(size, whole)) };
}

export interface MemoryOptions {
  /** Seconds that a call waits for the other ranks. @default 300 */
  readonly timeoutSeconds?: number;
}

/**
 * Creates a rank of a group of workers, each in a thread of its own. A page's main thread must not wait, so it cannot be a rank.
 *
 * @param rank number of this rank. Each rank of the group takes another one.
 * @throws OptionsError if the group has no such rank.
 */
export function memory(
  group: MemoryGroup,
  rank: number,
  { timeoutSeconds = TIMEOUT_SECONDS }: MemoryOptions = {},
): Collective {
  const { size, capacity } = group;
  if (!Number.isInteger(rank) || rank < 0 || rank >= size)
    throw new OptionsError(`A group of ${size} has no rank ${rank}.`, `Give a number from 0 to ${size - 1}.`);
  const layout = layoutOf(group);
  const own = layout.slots[rank] as Uint8Array;
  const barrier = (): void => meet(layout, size, rank, timeoutSeconds);

  /** Passes `length` bytes in parts. `put` writes a part of this rank, `take` reads the parts of all. */
  function exchange(length: number, put: (from: number, to: number) => void, take: (from: number, to: number) => void) {
    for (let from = 0; from < length; from += capacity) {
      const to = Math.min(from + capacity, length);
      put(from, to);
      barrier();
      take(from, to);
      barrier();
    }
  }

  return {
    rank,
    size,
    barrier,
    sum(values) {
      const bytes = bytesIn(values);
      exchange(
        bytes.length,
        (from, to) => own.set(bytes.subarray(from, to)),
        (from, to) => {
          const parts = layout.slots.map(
            ({ buffer, byteOffset }) => new Float32Array(buffer, byteOffset, (to - from) / 4),
          );
          for (let i = 0; i < (to - from) / 4; i++) {
            let sum = 0;
            // In the order of the ranks, so that every rank gets the same bits.
            for (const part of parts) sum += part[i] as number;
            values[from / 4 + i] = sum;
          }
        },
      );
    },
    broadcast(bytes, root = 0) {
      const source = layout.slots[root] as Uint8Array;
      exchange(
        bytes.length,
        (from, to) => rank === root && own.set(bytes.subarray(from, to)),
        (from, to) => bytes.set(source.subarray(0, to - from), from),
      );
    },
    gather(bytes) {
      layout.lengths[rank] = bytes.length;
      barrier();
      const all = Array.from(layout.lengths, (length) => new Uint8Array(length));
      barrier();
      exchange(
        Math.max(...all.map(({ length }) => length)),
        (from, to) => own.set(bytes.subarray(from, to)),
        (from, to) => {
          for (const [i, into] of all.entries()) {
            const end = Math.min(to, into.length);
            if (end > from) into.set((layout.slots[i] as Uint8Array).subarray(0, end - from), from);
          }
        },
      );
      return all;
    },
    fail(message) {
      const { words } = layout;
      if (Atomics.compareExchange(words, WORD.claimed, 0, 1) !== 0) return;
      const text = new TextEncoder().encode(`Rank ${rank}: ${message}`).subarray(0, MESSAGE_BYTES);
      layout.message.set(text);
      words[WORD.messageLength] = text.length;
      Atomics.store(words, WORD.failed, 1);
      Atomics.add(words, WORD.generation, 1);
      Atomics.notify(words, WORD.generation);
    },
  };
}

/** Waits until every rank of the group has come here. */
function meet(layout: Layout, size: number, rank: number, seconds: number): void {
  const { words } = layout;
  const until = Date.now() + seconds * 1000;
  const generation = Atomics.load(words, WORD.generation);
  assertAlive(layout);
  if (Atomics.add(words, WORD.arrived, 1) === size - 1) {
    Atomics.store(words, WORD.arrived, 0);
    Atomics.add(words, WORD.generation, 1);
    Atomics.notify(words, WORD.generation);
    return;
  }
  while (Atomics.load(words, WORD.generation) === generation) {
    if (Atomics.wait(words, WORD.generation, generation, Math.max(1, until - Date.now())) === "timed-out") {
      if (Date.now() < until) continue;
      throw lateRank(rank, seconds);
    }
  }
  assertAlive(layout);
}

function assertAlive({ words, message }: Layout): void {
  if (Atomics.load(words, WORD.failed) === 0) return;
  throw failedRank(new TextDecoder().decode(message.slice(0, words[WORD.messageLength])));
}

function bytesIn({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

import { decode, encode, type HalfWire } from "./formats.ts";

/** The messages that a sum is made of. */
export interface Messages {
  readonly rank: number;
  readonly size: number;
  /** Sends `out[to]` bytes to each rank and receives `into[from]` bytes from each, one after the other in both arrays. */
  exchange(bytes: Uint8Array, out: readonly number[], received: Uint8Array, into: readonly number[]): void;
  /** Gathers `lengths[rank]` bytes from each rank, one after the other. */
  gather(bytes: Uint8Array, into: Uint8Array, lengths: readonly number[]): void;
}

/** Numbers that travel at a time. Each number needs 6 bytes of memory beside the gradient. */
const AT_ONCE = 2 ** 20;

/**
 * Replaces `values` by their sum over all ranks. The numbers travel in 16 bits. Each rank sums one part in float32, in the order of the ranks,
 * and sends the rounded sums to all. So every rank gets the same bits, in every run.
 */
export function roundedSum(values: Float32Array, wire: HalfWire, messages: Messages): void {
  const { rank, size } = messages;
  const length = Math.min(AT_ONCE, values.length);
  const halves = new Uint16Array(length);
  for (let from = 0; from < values.length; from += length) {
    const part = values.subarray(from, from + length);
    const own = halves.subarray(0, part.length);
    encode(wire, part, own);
    const shares = Array.from({ length: size }, (_, r) => shareOf(part.length, r, size));
    const mine = shares[rank] as number;
    const received = new Uint16Array(mine * size);
    const lengths = shares.map((count) => 2 * count);
    messages.exchange(
      bytesOf(own),
      lengths,
      bytesOf(received),
      shares.map(() => 2 * mine),
    );
    const sums = summed(received, mine, wire);
    const rounded = new Uint16Array(mine);
    encode(wire, sums, rounded);
    messages.gather(bytesOf(rounded), bytesOf(own), lengths);
    decode(wire, own, part);
  }
}

/** Returns the number of values that a rank sums. */
function shareOf(length: number, rank: number, size: number): number {
  return Math.floor(((rank + 1) * length) / size) - Math.floor((rank * length) / size);
}

/** Adds the parts of all ranks, which follow each other in `received`. */
function summed(received: Uint16Array, count: number, wire: HalfWire): Float32Array {
  const sums = new Float32Array(count);
  const next = new Float32Array(count);
  for (let at = 0; at < received.length; at += count) {
    decode(wire, received.subarray(at, at + count), next);
    for (let i = 0; i < count; i++) sums[i] = (sums[i] as number) + (next[i] as number);
  }
  return sums;
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

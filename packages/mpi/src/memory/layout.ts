/** Bytes of a group's shared memory that hold a failed rank's message. */
export const MESSAGE_BYTES = 4096;

/** Positions in the control words of a group, and their number. */
export const WORD = { arrived: 0, generation: 1, failed: 2, messageLength: 3, claimed: 4 } as const;
const WORDS = 8;

/** Workers of one program that share memory. Send it to each worker with `postMessage`. */
export interface MemoryGroup {
  readonly size: number;
  /** Bytes that a rank passes at a time. */
  readonly capacity: number;
  readonly memory: SharedArrayBuffer;
}

/** The parts of a group's memory. */
export interface Layout {
  readonly words: Int32Array;
  /** Number of bytes that each rank has still to pass. */
  readonly lengths: Float64Array;
  readonly message: Uint8Array;
  /** Bytes of each rank. */
  readonly slots: readonly Uint8Array[];
}

/** Returns the number of bytes of a group's memory. */
export function bytesOf(size: number, capacity: number): number {
  return WORDS * 4 + size * 8 + MESSAGE_BYTES + size * capacity;
}

/** Returns views of the parts of a group's memory. */
export function layoutOf({ size, capacity, memory }: MemoryGroup): Layout {
  const message = WORDS * 4 + size * 8;
  const slots = message + MESSAGE_BYTES;
  return {
    words: new Int32Array(memory, 0, WORDS),
    lengths: new Float64Array(memory, WORDS * 4, size),
    message: new Uint8Array(memory, message, MESSAGE_BYTES),
    slots: Array.from({ length: size }, (_, rank) => new Uint8Array(memory, slots + rank * capacity, capacity)),
  };
}

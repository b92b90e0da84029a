/**
 * What the threads of a pool tell one another: 32-bit words at the start, read and written by `Atomics`, and the table of
 * chunks behind them. A chunk is one call of a kernel on a part of its work; a row of the table holds its arguments.
 */

/** Chunks that nobody has taken yet. Taking one is counting this down; its row is the number that remains. */
export const UNTAKEN = 0;
/** Chunks that are computed. */
export const DONE = 1;
/** Workers that sleep until there are chunks. */
export const SLEEPERS = 2;
/** Chunks whose kernel threw in a worker. */
export const FAILED = 3;
/** Which kernel, as its place in the list of exports. */
export const KERNEL = 4;
/** Numbers in each row that count. */
export const ARGUMENTS = 5;
/** 1 where workers must end. */
export const ENDED = 6;
/** Chunks of this job that workers have computed. */
export const HELPED = 7;

/** Chunks of one job at most. */
export const CHUNKS = 64;
/** Numbers in a row; the kernel with the most parameters takes 21. */
export const ROW = 24;
/** Byte at which the table begins. */
export const TABLE = 64;

/** Bytes of a board. */
export const SHARED_BYTES: number = TABLE + CHUNKS * ROW * 8;

/**
 * Layout of the memory through which the threads of a pool communicate. It begins with 32-bit words that `Atomics` reads
 * and writes. The table of chunks follows. A chunk is one call of a kernel on a part of its work; a row of the table holds
 * the arguments of one chunk.
 */

/** Number of chunks that no thread has taken yet. A thread takes a chunk by counting down; the result is the chunk's row. */
export const UNTAKEN = 0;
/** Number of finished chunks. */
export const DONE = 1;
/** Number of workers that sleep until there are chunks. */
export const SLEEPERS = 2;
/** Number of chunks whose kernel threw in a worker. */
export const FAILED = 3;
/** Index of the kernel in the list of exports. */
export const KERNEL = 4;
/** Number of arguments in each row. */
export const ARGUMENTS = 5;
/** 1 if workers must end. */
export const ENDED = 6;
/** Number of chunks of this job that workers have computed. */
export const HELPED = 7;

/** Most chunks of one job. */
export const CHUNKS = 64;
/** Numbers in a row. The kernel with the most parameters takes 21. */
export const ROW = 24;
/** Byte at which the table begins. */
export const TABLE = 64;

/** Bytes of the words and the table together. */
export const SHARED_BYTES: number = TABLE + CHUNKS * ROW * 8;

/** How the work of a kernel may be divided among threads. */
export interface WorkSharing {
  /** Multiply-adds, or the equivalent time, in one unit of the kernel's work: a row, a channel, an image, a number. */
  readonly cost: number;
  /**
   * Chunks begin at multiples of this, so that each number is computed by the same instructions as without threads.
   * @default 1
   */
  readonly step?: number;
  /**
   * Fewest units of a chunk. Smaller chunks spend their time on work that each does once, such as packing a matrix.
   * @default 1
   */
  readonly least?: number;
}

/**
 * Divides a matrix product by rows. Tiles have 4 rows. Each chunk packs the second matrix again, which costs about as much
 * as 3 rows.
 */
export const gemmRows = (columns: number, inner: number): WorkSharing => ({
  cost: columns * inner,
  step: 4,
  least: 32,
});

/** Divides work by channels, the last axis. Chunks begin at whole cache lines of 16; two cores would fetch a divided line. */
export const eachChannel = (cost: number): WorkSharing => ({ cost, step: 16 });

/** Divides an array into independent numbers. Chunks begin at whole cache lines of 16. */
export const eachNumber = (cost: number): WorkSharing => ({ cost, step: 16 });

/**
 * Least work, in multiply-adds, that is worth a second thread: some 0.15 ms. On two idle cores a product of 0.9 M took
 * 0.107 ms on one thread and 0.088 on two, one of 2.1 M 0.32 and 0.24. bench/pool.json has the latest measurement.
 */
const WORTH_SHARING = 1_200_000;
/** Least work of a chunk. Taking one costs about a microsecond, and each core must fetch its operands. */
const WORTH_A_CHUNK = 200_000;
/** Chunks per thread. While the last thread finishes, the others wait for at most one chunk. */
const CHUNKS_PER_THREAD = 6;

/**
 * Returns the units of a chunk if `total` units are to be shared by `threads`; undefined if sharing is not worth it.
 *
 * @param worth least work, in multiply-adds, that is shared. @default WORTH_SHARING
 */
export function chunkSize(
  total: number,
  threads: number,
  { cost, step = 1, least = 1 }: WorkSharing,
  worth: number = WORTH_SHARING,
): number | undefined {
  const work = total * cost;
  if (work < worth) return undefined;
  const most = Math.floor(Math.min(threads * CHUNKS_PER_THREAD, work / WORTH_A_CHUNK, total / Math.max(least, step)));
  if (most < 2) return undefined;
  // The same number of chunks per thread, if there are enough. The others would wait for a thread with one chunk more.
  const chunks = most > threads ? most - (most % threads) : most;
  const size = Math.ceil(total / chunks / step) * step;
  return size < total ? size : undefined;
}

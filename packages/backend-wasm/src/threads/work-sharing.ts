/** How the work of a kernel may be shared out to threads. */
export interface WorkSharing {
  /** Multiply-adds, or what takes as long, in one unit of the kernel's work: a row, a channel, an image, a number. */
  readonly cost: number;
  /**
   * Chunks begin at multiples of this, so that each number is computed by the same instructions as without threads.
   * @default 1
   */
  readonly step?: number;
  /** Units below which a chunk spends its time on what it does only once, packing a matrix say. @default 1 */
  readonly least?: number;
}

/** Rows of a matrix product: tiles have 4, and each chunk packs the second matrix anew, which costs as much as some 3 rows. */
export const gemmRows = (columns: number, inner: number): WorkSharing => ({
  cost: columns * inner,
  step: 4,
  least: 32,
});

/** Channels, the last axis. Chunks begin at whole cache lines of 16: half a line would be fetched by two cores. */
export const eachChannel = (cost: number): WorkSharing => ({ cost, step: 16 });

/** Numbers of an array, each by itself. Chunks begin at whole cache lines of 16. */
export const eachNumber = (cost: number): WorkSharing => ({ cost, step: 16 });

/**
 * Multiply-adds, or as much, that are worth a second thread: some 0.15 ms of work. On two idle cores a product of 0.9 M took
 * 0.107 ms on one thread and 0.088 on two, of 2.1 M 0.32 and 0.24; bench/pool.json has the latest measurement.
 */
const WORTH_SHARING = 1_200_000;
/** The least of a chunk: taking one costs about a microsecond, and each core must fetch what it reads. */
const WORTH_A_CHUNK = 200_000;
/** Chunks for each thread: the last to finish keeps the others waiting for a part of one. */
const CHUNKS_PER_THREAD = 6;

/**
 * Units of a chunk, where `total` units are to be shared out to `threads`; undefined where that is not worth it.
 *
 * @param worth work from which on it is. @default WORTH_SHARING
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
  // The same number for each thread, where there are enough: a last chunk that is left over is one thread's.
  const chunks = most > threads ? most - (most % threads) : most;
  const size = Math.ceil(total / chunks / step) * step;
  return size < total ? size : undefined;
}

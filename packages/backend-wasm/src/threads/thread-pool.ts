import type { Kernels } from "../simd/module.ts";
import {
  ARGUMENTS,
  SHARED_BYTES,
  CHUNKS,
  DONE,
  ENDED,
  FAILED,
  HELPED,
  KERNEL,
  ROW,
  SLEEPERS,
  TABLE,
  UNTAKEN,
} from "./shared-counter.ts";
import { PoolBackoff } from "./pool-backoff.ts";
import { type PoolWorker, startWorker } from "./start-worker.ts";

/** Computes the arguments of a kernel for its part [from, to) of the work, all but the scratch. */
export type Arguments = (from: number, to: number) => readonly number[];

/** What a pool computes with. */
export interface PoolOptions {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** The kernels on the calling thread. */
  readonly kernels: Kernels;
  /** Addresses of a scratch for each worker; their number is the number of workers. */
  readonly scratches: readonly number[];
  /** Called at most once, where a worker is lost after the start; the pool has ended then. */
  onLost(reason: string): void;
}

/** A worker that takes longer to start is given up. In milliseconds. */
const START_MS = 10_000;
/** A chunk takes milliseconds; one that is not there after this long will never be. In milliseconds. */
const LOST_MS = 60_000;
/** The calling thread looks this often for the last chunks before it sleeps, some 20 µs. */
const SPINS = 2_000;

/**
 * Threads that compute on one heap, and the calling thread, which always computes too: it takes chunks as they do, and in
 * the end waits only for chunks that a worker has begun. A worker that sleeps, is late or is gone holds nothing up.
 */
export class ThreadPool {
  /** Threads that compute, the calling one among them. */
  readonly threads: number;
  readonly #kernels: Kernels;
  readonly #names: readonly string[];
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #table: Float64Array;
  readonly #workers: PoolWorker[];
  readonly #ledger = new PoolBackoff();
  readonly #canSleep: boolean;
  /** Set once all workers are ready: before that a lost one is a failed start. */
  #onLost: ((reason: string) => void) | undefined;
  #ended = false;
  #helped = 0;

  /** Starts the workers and waits until all are ready. @throws Error where one does not start; none is left then. */
  static async start(options: PoolOptions): Promise<ThreadPool> {
    let pool: ThreadPool | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        let missing = options.scratches.length;
        const ready = (): void => {
          missing--;
          if (missing === 0) resolve();
        };
        timer = setTimeout(() => reject(new Error(`it did not answer within ${START_MS / 1000} s`)), START_MS);
        pool = new ThreadPool(options, ready, (reason) => reject(new Error(reason)));
      });
      const started = pool as unknown as ThreadPool;
      started.#onLost = options.onLost;
      return started;
    } catch (error) {
      pool?.end();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  private constructor(options: PoolOptions, onReady: () => void, onRefused: (reason: string) => void) {
    const { module, memory, kernels, scratches } = options;
    const board = new SharedArrayBuffer(SHARED_BYTES);
    this.threads = scratches.length + 1;
    this.#kernels = kernels;
    this.#names = Object.keys(kernels);
    this.#words = new Int32Array(board, 0, TABLE / 4);
    this.#table = new Float64Array(board, TABLE);
    this.#canSleep = canSleep(this.#words);
    this.#workers = [];
    for (const scratch of scratches) {
      this.#workers.push(
        startWorker({
          data: { module, memory, board, names: this.#names, scratch },
          onReady,
          onLost: (reason) => {
            onRefused(reason);
            if (this.#ended) return;
            this.end();
            this.#onLost?.(reason);
          },
        }),
      );
    }
  }

  /** Chunks that workers have computed since the start. */
  get helped(): number {
    return this.#helped;
  }

  /** Whether work should be shared out now: not after the end, and not while the machine has no second core to spare. */
  get open(): boolean {
    return !this.#ended && this.#ledger.open;
  }

  /**
   * Computes [0, total) of a kernel in chunks of `chunk`.
   *
   * @param scratch the calling thread's
   * @throws Error where the kernel traps, or a worker is lost in the middle of a chunk.
   */
  run(kernel: string, total: number, chunk: number, args: Arguments, scratch: number): void {
    const [words, table] = [this.#words, this.#table];
    const compute = this.#kernels[kernel] as (...args: number[]) => number;
    const count = Math.ceil(total / chunk);
    for (let i = 0; i < count; i++) {
      const row = args(i * chunk, Math.min(total, (i + 1) * chunk));
      if (count > CHUNKS || row.length > ROW) {
        throw new Error(`${kernel}: ${count} chunks of ${row.length} arguments, room is for ${CHUNKS} of ${ROW}.`);
      }
      table.set(row, i * ROW);
      words[ARGUMENTS] = row.length;
    }
    words[KERNEL] = this.#names.indexOf(kernel);
    words[DONE] = 0;
    words[HELPED] = 0;
    // Everything above is seen by who sees this.
    Atomics.store(words, UNTAKEN, count);
    if (Atomics.load(words, SLEEPERS) > 0) Atomics.notify(words, UNTAKEN, Math.min(count - 1, this.threads - 1));
    let fastest = Number.POSITIVE_INFINITY;
    let before = performance.now();
    for (;;) {
      const left = Atomics.load(words, UNTAKEN);
      if (left <= 0) break;
      if (Atomics.compareExchange(words, UNTAKEN, left, left - 1) !== left) continue;
      const row = (left - 1) * ROW;
      compute(...table.subarray(row, row + (words[ARGUMENTS] as number)), scratch);
      Atomics.add(words, DONE, 1);
      const now = performance.now();
      fastest = Math.min(fastest, now - before);
      before = now;
    }
    this.#join(kernel, count);
    const end = performance.now();
    this.#helped += words[HELPED] as number;
    this.#ledger.enter({ chunks: count, helped: words[HELPED] as number, chunk: fastest, waited: end - before, end });
    if (Atomics.exchange(words, FAILED, 0) > 0) throw new Error(`${kernel} trapped in a worker thread.`);
  }

  /** Waits for the chunks that workers have begun. */
  #join(kernel: string, count: number): void {
    const words = this.#words;
    let deadline = 0;
    for (let spins = 0; ; spins++) {
      const done = Atomics.load(words, DONE);
      if (done >= count) return;
      if (spins < SPINS) continue;
      // Asleep, this thread leaves its core to a worker that has lost its own to another process.
      if (this.#canSleep) Atomics.wait(words, DONE, done, 1000);
      deadline ||= performance.now() + LOST_MS;
      if (performance.now() > deadline) {
        this.end();
        throw new Error(`${kernel}: a worker thread has not come back. Further kernels run on one thread.`);
      }
    }
  }

  /** Ends the workers. Work goes on without them. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    Atomics.store(this.#words, ENDED, 1);
    Atomics.notify(this.#words, UNTAKEN);
    for (const worker of this.#workers) worker.end();
  }
}

/** Whether this thread may sleep: the main thread of a page may not. */
function canSleep(words: Int32Array<SharedArrayBuffer>): boolean {
  try {
    // Comes back at once: the word is 0.
    Atomics.wait(words, UNTAKEN, 1);
    return true;
  } catch {
    return false;
  }
}

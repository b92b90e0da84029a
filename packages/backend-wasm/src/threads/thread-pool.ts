import type { Kernels } from "../simd/module.ts";
import { PoolBackoff } from "./pool-backoff.ts";
import {
  ARGUMENTS,
  CHUNKS,
  DONE,
  ENDED,
  FAILED,
  HELPED,
  KERNEL,
  ROW,
  SHARED_BYTES,
  SLEEPERS,
  TABLE,
  UNTAKEN,
} from "./shared-counter.ts";
import { type PoolWorker, startWorker } from "./start-worker.ts";

/** Returns the arguments of a kernel for the part [from, to) of its work, without the scratch. */
export type Arguments = (from: number, to: number) => readonly number[];

/** The module, heap and memory that a pool computes with. */
export interface PoolOptions {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** The kernels on the calling thread. */
  readonly kernels: Kernels;
  /** Address of a scratch for each worker. Their number is the number of workers. */
  readonly scratches: readonly number[];
  /** Called at most once, if a worker is lost after the start. The pool has ended by then. */
  onLost(reason: string): void;
}

/** Most time that a worker may take to start, in milliseconds. */
const START_MS = 10_000;
/** Time after which a chunk counts as lost, in milliseconds. Chunks take a few milliseconds. */
const LOST_MS = 60_000;
/** Number of times that the calling thread checks for the last chunks before it sleeps, some 20 µs. */
const SPINS = 2_000;

/**
 * Threads that compute on one heap together with the calling thread.
 *
 * The calling thread takes chunks like the workers. At the end it waits only for chunks that a worker has begun, so a worker
 * that sleeps or is late does not delay it.
 */
export class ThreadPool {
  /** Number of threads that compute, including the calling thread. */
  readonly threads: number;
  readonly #kernels: Kernels;
  readonly #names: readonly string[];
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #table: Float64Array;
  readonly #workers: PoolWorker[];
  readonly #backoff = new PoolBackoff();
  readonly #canSleep: boolean;
  /** Set once all workers are ready. Before that, a lost worker is a failed start. */
  #onLost: ((reason: string) => void) | undefined;
  #ended = false;
  #helped = 0;

  /**
   * Starts the workers and waits until all are ready.
   *
   * @throws Error if a worker does not start. The others have been ended by then.
   */
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
    const shared = new SharedArrayBuffer(SHARED_BYTES);
    this.threads = scratches.length + 1;
    this.#kernels = kernels;
    this.#names = Object.keys(kernels);
    this.#words = new Int32Array(shared, 0, TABLE / 4);
    this.#table = new Float64Array(shared, TABLE);
    this.#canSleep = canSleep(this.#words);
    this.#workers = [];
    for (const scratch of scratches) {
      this.#workers.push(
        startWorker({
          data: { module, memory, shared, names: this.#names, scratch },
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

  /** Number of chunks that workers have computed since the start. */
  get helped(): number {
    return this.#helped;
  }

  /** Whether work should be shared now. False after the end, and while the machine's other cores are busy. */
  get open(): boolean {
    return !this.#ended && this.#backoff.open;
  }

  /**
   * Computes [0, total) of a kernel in chunks of `chunk` units.
   *
   * @param scratch address of the calling thread's scratch
   * @throws Error if the kernel traps, or if a worker is lost in the middle of a chunk.
   */
  run(kernel: string, total: number, chunk: number, args: Arguments, scratch: number): void {
    const [words, table] = [this.#words, this.#table];
    const compute = this.#kernels[kernel] as (...args: number[]) => number;
    const count = Math.ceil(total / chunk);
    for (let i = 0; i < count; i++) {
      const row = args(i * chunk, Math.min(total, (i + 1) * chunk));
      if (count > CHUNKS || row.length > ROW) {
        throw new Error(
          `${kernel}: ${count} chunks of ${row.length} arguments; the table has room for ${CHUNKS} of ${ROW}.`,
        );
      }
      table.set(row, i * ROW);
      words[ARGUMENTS] = row.length;
    }
    words[KERNEL] = this.#names.indexOf(kernel);
    words[DONE] = 0;
    words[HELPED] = 0;
    // A worker that sees this count also sees all the writes above.
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
    this.#backoff.enter({ chunks: count, helped: words[HELPED] as number, chunk: fastest, waited: end - before, end });
    if (Atomics.exchange(words, FAILED, 0) > 0) throw new Error(`${kernel} trapped in a worker thread.`);
  }

  /** Waits for chunks that workers have begun. */
  #join(kernel: string, count: number): void {
    const words = this.#words;
    let deadline = 0;
    for (let spins = 0; ; spins++) {
      const done = Atomics.load(words, DONE);
      if (done >= count) return;
      if (spins < SPINS) continue;
      // While this thread sleeps, a worker that lost its core to another process can use this one.
      if (this.#canSleep) Atomics.wait(words, DONE, done, 1000);
      deadline ||= performance.now() + LOST_MS;
      if (performance.now() > deadline) {
        this.end();
        throw new Error(
          `${kernel}: a worker thread did not finish within ${LOST_MS / 1000} s. Repeat the step; further kernels run on one thread.`,
        );
      }
    }
  }

  /** Ends the workers. Kernels then run on the calling thread. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    Atomics.store(this.#words, ENDED, 1);
    Atomics.notify(this.#words, UNTAKEN);
    for (const worker of this.#workers) worker.end();
  }
}

/** Returns whether this thread may sleep. The main thread of a page may not. */
function canSleep(words: Int32Array<SharedArrayBuffer>): boolean {
  try {
    // Returns immediately, because the word is 0.
    Atomics.wait(words, UNTAKEN, 1);
    return true;
  } catch {
    return false;
  }
}

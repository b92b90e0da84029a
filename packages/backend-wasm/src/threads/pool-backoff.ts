/** One job of a pool. Times are in milliseconds. */
export interface Job {
  readonly chunks: number;
  /** Number of chunks that workers computed. */
  readonly helped: number;
  /** Time of the calling thread's fastest chunk; Infinity if it computed none. */
  readonly chunk: number;
  /** Time between the calling thread's last chunk and the end of the last worker's chunk. */
  readonly waited: number;
  /** Time at which the job ended, from `performance.now()`. */
  readonly end: number;
}

/**
 * Most credit that good jobs can build up, so that a good hour does not pay for a bad second. It is also the loss that
 * closes the pool. In milliseconds.
 */
const CREDIT_MS = 1;
/** After a loss the pool stays closed for this many times the loss. Trying again then costs at most a thirtieth of the time. */
const CAUTION = 30;

/** Share of a job's time that dividing it into chunks costs, because each chunk packs its matrix again. */
const OVERHEAD = 0.1;

/**
 * Decides whether the workers save time, and closes the pool for a while if they do not.
 *
 * On a busy machine the system may suspend a worker in the middle of a chunk. The calling thread then waits many times
 * longer than the help has saved. Results do not depend on this decision: a chunk gives the same numbers in every thread.
 */
export class PoolBackoff {
  #balance = 0;
  #closedUntil = 0;

  /** Whether work should be shared now. */
  get open(): boolean {
    return this.#closedUntil === 0 || this.#reopens();
  }

  /** Adds a finished job to the balance of saved and lost time. */
  enter({ chunks, helped, chunk, waited, end }: Job): void {
    // The fastest chunk, because the mean may include one that was suspended.
    const saved = Number.isFinite(chunk) ? chunk * (helped - OVERHEAD * chunks) : 0;
    this.#balance = Math.min(CREDIT_MS, this.#balance + saved - waited);
    if (this.#balance < -CREDIT_MS) this.#closedUntil = end - CAUTION * this.#balance;
  }

  #reopens(): boolean {
    if (performance.now() < this.#closedUntil) return false;
    this.#closedUntil = 0;
    this.#balance = 0;
    return true;
  }
}

/** One job, times in milliseconds. */
export interface Job {
  readonly chunks: number;
  /** Those of them that workers computed. */
  readonly helped: number;
  /** The fastest chunk of the calling thread; Infinity where it computed none. */
  readonly chunk: number;
  /** From when the calling thread found no more chunks until the last one was done. */
  readonly waited: number;
  /** When that was. */
  readonly end: number;
}

/** Credit at most, so that a good hour does not pay for a bad second; and the loss that closes the pool. In milliseconds. */
const CREDIT_MS = 1;
/** After a loss the pool stays closed for so many times as long: trying again costs a thirtieth of the time at most. */
const CAUTION = 30;

/** What cutting a job into chunks costs, each of which packs its matrix anew: so much of their time. */
const OVERHEAD = 0.1;

/**
 * Whether the workers are worth their while. On a machine whose cores are taken, a worker that is put aside in the middle
 * of a chunk keeps the calling thread waiting, for many times what its help has saved. The ledger weighs one against the
 * other and closes the pool for a while where help costs more. Results do not depend on it: a chunk gives the same
 * numbers, whoever computes it.
 */
export class PoolBackoff {
  #balance = 0;
  #closedUntil = 0;

  get open(): boolean {
    return this.#closedUntil === 0 || this.#reopens();
  }

  enter({ chunks, helped, chunk, waited, end }: Job): void {
    // The fastest chunk, for the mean one may have been put aside itself.
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

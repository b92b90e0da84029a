/** One job: when it began, when the calling thread found no more chunks, when the last chunk was done. In milliseconds. */
export interface Job {
  readonly began: number;
  readonly alone: number;
  readonly end: number;
  readonly chunks: number;
  /** Chunks that workers computed. */
  readonly helped: number;
}

/** Loss at which the pool pauses: about what a page or a process does not notice. In milliseconds. */
const PATIENCE_MS = 4;
/** First pause, and the longest: after each that ends in another loss the next is twice as long. In milliseconds. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 6_400;
/** Share of its balance that a job forgets: the last hundred jobs or so decide. */
const FORGETTING = 0.01;

/**
 * Whether the workers are worth their while. On a machine whose cores are taken, a worker that was put aside in the middle
 * of a chunk keeps the calling thread waiting; the ledger adds up what help has saved and what waiting has cost, and
 * closes the pool for a while where the balance says so. Results do not depend on it: chunks are the same, whoever
 * computes them.
 */
export class Ledger {
  #balance = 0;
  #closedUntil = 0;
  #pause = FIRST_PAUSE_MS;

  get open(): boolean {
    return this.#closedUntil === 0 || this.#reopened();
  }

  enter({ began, alone, end, chunks, helped }: Job): void {
    const own = Math.max(1, chunks - helped);
    // What the helped chunks would have taken this thread, less the wait for them.
    const saved = ((alone - began) / own) * helped - (end - alone);
    this.#balance += saved - FORGETTING * this.#balance;
    if (this.#balance > PATIENCE_MS) {
      this.#balance = PATIENCE_MS;
      this.#pause = FIRST_PAUSE_MS;
    }
    if (this.#balance < -PATIENCE_MS) {
      this.#closedUntil = end + this.#pause;
      this.#pause = Math.min(LONGEST_PAUSE_MS, 2 * this.#pause);
    }
  }

  #reopened(): boolean {
    if (performance.now() < this.#closedUntil) return false;
    this.#closedUntil = 0;
    this.#balance = 0;
    return true;
  }
}

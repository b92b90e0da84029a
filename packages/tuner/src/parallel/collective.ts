/**
 * Processes or workers that train one model together. Each of them is a rank. All ranks make the same calls in the same order; a
 * call returns when every rank has made it. `@graftjs/mpi` has three implementations.
 *
 * Every method throws on all ranks if a rank has failed, or if a rank does not arrive within the implementation's time limit.
 */
export interface Collective {
  /** Number of this rank, from 0. */
  readonly rank: number;
  /** Number of ranks. */
  readonly size: number;
  /**
   * Replaces `values` by the sum of the arrays of all ranks, element by element. All arrays have one length. Every rank gets the same
   * bits, and the same arrays give the same bits again.
   */
  sum(values: Float32Array): void;
  /**
   * Sums gradients as `sum` does, and multiplies the sums by `factor`. May round the numbers after the first `exact` ones on their way to
   * the other ranks. All ranks give the same `exact` and `factor`. @default `sum` and one more pass
   */
  sumGradients?(values: Float32Array, exact: number, factor: number): void;
  /** The number format in which gradients travel. All ranks must have the same. @default float32 */
  readonly wire?: string;
  /** Replaces `bytes` by those of rank `root`. All arrays have one length. @param root default: 0 */
  broadcast(bytes: Uint8Array, root?: number): void;
  /** Returns the arrays of all ranks, by rank, on every rank. The lengths may differ. */
  gather(bytes: Uint8Array): Uint8Array[];
  /** Waits until every rank has called it. */
  barrier(): void;
  /** Tells the other ranks that this rank cannot continue. Their present or next call throws with `message`. Never throws. */
  fail(message: string): void;
}

export interface GuardOptions {
  /**
   * What happens to a bad step, which is taken under none of them. `throw` ends the run. `skip` goes on with the next batch, from the
   * weights after the last good step. `rollback` goes further back, for weights that went astray before it showed: weights,
   * statistics, slots, averages (`ema`) and a combiner's memory are those of the last snapshot, up to `snapshotEvery` good steps
   * ago; the schedule goes on from where it stood.
   * @default "throw"
   */
  readonly policy?: "throw" | "skip" | "rollback";
  /** A loss above this many times the recent mean counts as bad as well. @default no limit */
  readonly spike?: number;
  /**
   * Good steps between snapshots under `rollback`: each is a copy of all that is trained, on the host. With 1, `rollback` is `skip`.
   * @default 50
   */
  readonly snapshotEvery?: number;
  /** Bad steps in a row after which `skip` and `rollback` give up. @default 10 */
  readonly patience?: number;
}

import { type OptionsSchema, optionsSchema, type Parsed } from "@graftjs/core";

/** How a run reacts to a step whose loss or gradient is not finite, or whose loss jumps. Such a step is never applied. */
export interface GuardOptions {
  /**
   * `throw` ends the run. `skip` continues with the next batch, from the weights after the last good step. `rollback` goes
   * back further, for weights that diverged before the problem showed: weights, statistics, optimizer state, averages (`ema`)
   * and a combiner's memory return to the last snapshot, up to `snapshotEvery` good steps ago. The schedule continues from
   * the current step. @default "throw"
   */
  readonly policy?: "throw" | "skip" | "rollback";
  /** A loss above this many times the recent mean also counts as bad. > 1. @default no limit */
  readonly spike?: number;
  /**
   * Good steps between two snapshots under `rollback`. Each snapshot copies all trained values to the host. With 1, `rollback`
   * does the same as `skip`. @default 50
   */
  readonly snapshotEvery?: number;
  /** Number of bad steps in a row after which `skip` and `rollback` end the run. @default 10 */
  readonly patience?: number;
}

/** The options of the guard, with defaults. */
export type ParsedGuard = Parsed<GuardOptions, "policy" | "snapshotEvery" | "patience">;

export const guardOptions: OptionsSchema<GuardOptions, "policy" | "snapshotEvery" | "patience"> = optionsSchema<
  GuardOptions,
  "policy" | "snapshotEvery" | "patience"
>({
  policy: {
    enum: ["throw", "skip", "rollback"],
    default: "throw",
    description: "End the run, skip the step, or go back to the last snapshot",
  },
  spike: {
    type: "number",
    exclusiveMinimum: 1,
    description: "A loss above this many times the recent mean also counts as bad",
  },
  snapshotEvery: { type: "integer", minimum: 1, default: 50, description: "Good steps between two snapshots" },
  patience: {
    type: "integer",
    minimum: 0,
    default: 10,
    description: "Bad steps in a row after which skip and rollback end the run",
  },
});

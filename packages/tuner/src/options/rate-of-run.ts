import { OptionsError, type Schedule } from "@graftjs/core";

/** A schedule that spans a run, as those of `@graftjs/transforms` are. */
export interface Sized {
  /** Its own number of steps. Undefined if it takes the length of the run. */
  readonly steps: number | undefined;
  forSteps(steps: number): Schedule;
}

/** The length of a run. */
export interface RunLength {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
}

/**
 * Returns the rate over the length of the run, if it is a schedule without a length of its own. Other rates are returned unchanged.
 *
 * @param phase names the phase in the error, if the length is that of a phase.
 * @throws OptionsError with both lengths if the schedule has another one. Its last rate would hold too long, or never be reached.
 */
export function rateOfRun(
  rate: number | Schedule,
  { epochs, stepsPerEpoch }: RunLength,
  phase?: string,
): number | Schedule {
  if (!isSized(rate)) return rate;
  const length = epochs * stepsPerEpoch;
  if (rate.steps === undefined) return rate.forSteps(length);
  if (rate.steps === length) return rate;
  const of = phase ? ` of ${phase}` : "";
  throw new OptionsError(
    `\`learningRate\`${of} has ${rate.steps} steps, and the ${phase ? "phase" : "run"} has ${length}: ${epochs} epochs of ${stepsPerEpoch} steps.`,
    "Leave the number of steps of the schedule out: it takes the length of the run. For a schedule that ends earlier, use `sequence`.",
  );
}

/** Returns a rate that does not depend on the length of the run, to compare the schedules of two runs. */
export function withoutLength(rate: number | Schedule): number | Schedule {
  return isSized(rate) ? rate.forSteps(2 ** 16) : rate;
}

/** Tells whether a rate is a schedule that spans a run. */
export function isSized(rate: number | Schedule): rate is Schedule & Sized {
  return typeof rate === "function" && typeof (rate as Partial<Sized>).forSteps === "function";
}

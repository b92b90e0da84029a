import { OptionsError, type Schedule } from "@graftjs/core";

/** A schedule that spans a run. `fineTune` gives it the length of the run, if it has none of its own. */
export interface SizedSchedule extends Schedule {
  /** Number of steps of its own. Undefined if it takes the length of the run. */
  readonly steps: number | undefined;
  /** Returns the same schedule over `steps` steps. */
  forSteps(steps: number): SizedSchedule;
}

/**
 * Makes a sized schedule.
 *
 * @param name of the schedule in recipes, for the error if a rate is asked for and no length is known.
 * @param steps its own length. Undefined: it takes that of the run.
 * @param of makes the schedule for a length.
 */
export function sized(name: string, steps: number | undefined, of: (steps: number) => Schedule): SizedSchedule {
  const schedule = steps === undefined ? unsized(name) : of(steps);
  // Wrapped, because `schedule` may be a function that is used elsewhere without a length.
  return Object.assign((step: number) => schedule(step), { steps, forSteps: (own: number) => sized(name, own, of) });
}

/** Tells whether a rate is a schedule that spans a run. */
export function isSized(rate: number | Schedule): rate is SizedSchedule {
  return typeof rate === "function" && typeof (rate as Partial<SizedSchedule>).forSteps === "function";
}

function unsized(name: string): Schedule {
  return () => {
    throw new OptionsError(
      `The schedule \`${name}\` has no length.`,
      "In fineTune and in recipes it takes the length of the run. Elsewhere, give the number of steps.",
    );
  };
}

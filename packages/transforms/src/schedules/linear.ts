import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import { count, rate } from "./fields.ts";
import { type SizedSchedule, sized } from "./sized.ts";

export interface LinearOptions {
  /** Rate of step 0. ≥ 0. */
  readonly start: number;
  /** Rate from step `steps` on. ≥ 0. */
  readonly end: number;
  /** Steps from `start` to `end`. ≥ 1. @default the length of the run */
  readonly steps?: number;
}

export const linearOptions: OptionsSchema<LinearOptions> = optionsSchema<LinearOptions>(
  {
    start: rate("Rate of step 0"),
    end: rate("Rate from step `steps` on"),
    steps: count("Steps from `start` to `end`. Default: the length of the run"),
  },
  ["start", "end"],
);

/**
 * Changes the rate in a straight line from `start` to `end`; constant after that (optax `linear_schedule`).
 *
 * @throws OptionsError if an option is out of range or unknown.
 */
export function linear(options: LinearOptions): SizedSchedule {
  const { start, end, steps } = linearOptions.parse("linear", options);
  return sized("linear", steps, (steps) => (step) => start + (end - start) * Math.min(1, step / steps));
}

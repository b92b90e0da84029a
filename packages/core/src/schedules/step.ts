import { assertOptions, type OptionsSchema, optionsSchema } from "../options.ts";
import type { Schedule } from "../schedule.ts";
import { count, positive, rate } from "./fields.ts";

export interface StepOptions {
  /** Rate of step 0. ≥ 0. */
  readonly start: number;
  /** Steps between two changes. ≥ 1. */
  readonly every: number;
  /** Factor at each change. > 0. @default 0.1 */
  readonly factor?: number;
}

export const stepOptions: OptionsSchema<StepOptions> = optionsSchema<StepOptions>(
  {
    start: rate("Rate of step 0"),
    every: count("Steps between two changes"),
    factor: { ...positive("Factor at each change"), default: 0.1 },
  },
  ["start", "every"],
);

/**
 * The rate times `factor` every so many steps (torch `StepLR`; optax `exponential_decay` with `staircase`).
 *
 * @throws OptionsError where an option is out of range or unknown.
 */
export function step(options: StepOptions): Schedule {
  assertOptions("step", stepOptions, options);
  const { start, every, factor = 0.1 } = options;
  return (at) => start * factor ** Math.floor(at / every);
}

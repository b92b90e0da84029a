import { assertOptions, type OptionsSchema, optionsSchema } from "../options.ts";
import { rateAt, type Schedule } from "../schedule.ts";
import { count, rate } from "./fields.ts";

export interface WarmupOptions {
  /** Steps of linear rise to the first rate of `schedule`. ≥ 1. */
  readonly steps: number;
  /** Rate of step 0. ≥ 0. @default 0 */
  readonly start?: number;
  /** What follows: a schedule, which starts to count at the end of the warm-up, or a rate. */
  readonly schedule: Schedule | number;
}

export const warmupOptions: OptionsSchema<WarmupOptions> = optionsSchema<WarmupOptions>(
  {
    steps: count("Steps of linear rise to the first rate of `schedule`"),
    start: { ...rate("Rate of step 0"), default: 0 },
    schedule: { description: "A schedule, or a rate" },
  },
  ["steps", "schedule"],
);

/**
 * A linear rise, then any schedule from its own step 0 on (optax `join_schedules` of `linear_schedule` and another).
 *
 * @throws OptionsError where an option is out of range or unknown.
 */
export function warmup(options: WarmupOptions): Schedule {
  assertOptions("warmup", warmupOptions, options);
  const { steps, start = 0, schedule } = options;
  const first = rateAt(schedule, 0);
  return (step) => (step < steps ? start + ((first - start) * step) / steps : rateAt(schedule, step - steps));
}

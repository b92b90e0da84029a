import { type OptionsSchema, optionsSchema, rateAt, type Schedule } from "@graftjs/core";
import { count, rate } from "./fields.ts";
import { isSized, sized } from "./sized.ts";

export interface WarmupOptions {
  /** Steps of linear rise to the first rate of `schedule`. ≥ 1. */
  readonly steps: number;
  /** Rate of step 0. ≥ 0. @default 0 */
  readonly start?: number;
  /** The rate after the warm-up: a schedule, whose step 0 is the end of the warm-up, or a number. */
  readonly schedule: Schedule | number;
}

export const warmupOptions: OptionsSchema<WarmupOptions, "start"> = optionsSchema<WarmupOptions, "start">(
  {
    steps: count("Steps of linear rise to the first rate of `schedule`"),
    start: { ...rate("Rate of step 0"), default: 0 },
    schedule: { plugin: "schedule", description: "A schedule, or a rate" },
  },
  ["steps", "schedule"],
);

/**
 * Rises linearly, then follows any schedule from its own step 0 on (optax `join_schedules` of `linear_schedule` and another).
 *
 * @throws OptionsError if an option is out of range or unknown.
 */
export function warmup(options: WarmupOptions): Schedule {
  const { steps, start, schedule } = warmupOptions.parse("warmup", options);
  const risingTo = (next: Schedule | number): Schedule => {
    const first = rateAt(next, 0);
    return (step) => (step < steps ? start + ((first - start) * step) / steps : rateAt(next, step - steps));
  };
  if (!isSized(schedule)) return risingTo(schedule);
  const total = schedule.steps === undefined ? undefined : steps + schedule.steps;
  return sized("warmup", total, (total) => risingTo(schedule.forSteps(Math.max(1, total - steps))));
}

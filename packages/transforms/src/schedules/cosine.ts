import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import { count, rate } from "./fields.ts";
import { type SizedSchedule, sized } from "./sized.ts";

export interface CosineOptions {
  /** Rate of step 0. ≥ 0. */
  readonly start: number;
  /** Rate from step `steps` on. ≥ 0. @default 0 */
  readonly end?: number;
  /** Steps from `start` to `end`. ≥ 1. @default the length of the run */
  readonly steps?: number;
}

export const cosineOptions: OptionsSchema<CosineOptions, "end"> = optionsSchema<CosineOptions, "end">(
  {
    start: rate("Rate of step 0"),
    end: { ...rate("Rate from step `steps` on"), default: 0 },
    steps: count("Steps from `start` to `end`. Default: the length of the run"),
  },
  ["start"],
);

/**
 * Falls from `start` to `end` by half a cosine; constant after that (Loshchilov & Hutter 2017, equation 5, without restarts; optax
 * `cosine_decay_schedule`, whose alpha is end / start).
 *
 * @throws OptionsError if an option is out of range or unknown.
 */
export function cosine(options: CosineOptions): SizedSchedule {
  const { start, end, steps } = cosineOptions.parse("cosine", options);
  return sized(
    "cosine",
    steps,
    (steps) => (step) => end + ((start - end) * (1 + Math.cos(Math.PI * Math.min(1, step / steps)))) / 2,
  );
}

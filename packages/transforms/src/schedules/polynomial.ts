import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import { count, positive, rate } from "./fields.ts";
import { type SizedSchedule, sized } from "./sized.ts";

export interface PolynomialOptions {
  /** Rate of step 0. ≥ 0. */
  readonly start: number;
  /** Rate from step `steps` on. ≥ 0. @default 0 */
  readonly end?: number;
  /** Steps from `start` to `end`. ≥ 1. @default the length of the run */
  readonly steps?: number;
  /** Exponent of the remaining share of the steps, > 0. 1 is a straight line. @default 2 */
  readonly power?: number;
}

export const polynomialOptions: OptionsSchema<PolynomialOptions, "end" | "power"> = optionsSchema<
  PolynomialOptions,
  "end" | "power"
>(
  {
    start: rate("Rate of step 0"),
    end: { ...rate("Rate from step `steps` on"), default: 0 },
    steps: count("Steps from `start` to `end`. Default: the length of the run"),
    power: { ...positive("Exponent of the remaining share of the steps"), default: 2 },
  },
  ["start"],
);

/**
 * Polynomial decay: end + (start − end)·(1 − t)^power over `steps`; constant after that (optax `polynomial_schedule`).
 *
 * @throws OptionsError if an option is out of range or unknown.
 */
export function polynomial(options: PolynomialOptions): SizedSchedule {
  const { start, end, steps, power } = polynomialOptions.parse("polynomial", options);
  return sized(
    "polynomial",
    steps,
    (steps) => (step) => end + (start - end) * (1 - Math.min(1, step / steps)) ** power,
  );
}

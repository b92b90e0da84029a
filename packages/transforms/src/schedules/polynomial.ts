import { type OptionsSchema, optionsSchema, type Schedule } from "@graftjs/core";
import { count, positive, rate } from "./fields.ts";

export interface PolynomialOptions {
  /** Rate of step 0. ≥ 0. */
  readonly start: number;
  /** Rate from step `steps` on. ≥ 0. @default 0 */
  readonly end?: number;
  /** Steps from `start` to `end`. ≥ 1. */
  readonly steps: number;
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
    steps: count("Steps from `start` to `end`"),
    power: { ...positive("Exponent of the remaining share of the steps"), default: 2 },
  },
  ["start", "steps"],
);

/**
 * Polynomial decay: end + (start − end)·(1 − t)^power over `steps`; constant after that (optax `polynomial_schedule`).
 *
 * @throws OptionsError if an option is out of range or unknown.
 */
export function polynomial(options: PolynomialOptions): Schedule {
  const { start, end, steps, power } = polynomialOptions.parse("polynomial", options);
  return (step) => end + (start - end) * (1 - Math.min(1, step / steps)) ** power;
}

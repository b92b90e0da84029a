import { type OptionsSchema, optionsSchema, type Schedule } from "@graftjs/core";
import { count, positive, rate } from "./fields.ts";

export interface ExponentialOptions {
  /** Rate of step 0. ≥ 0. */
  readonly start: number;
  /** Factor over `every` steps, > 0. Above 1 the rate grows. */
  readonly factor: number;
  /** Number of steps over which `factor` applies. @default 1 */
  readonly every?: number;
  /** Bound of the rate: a floor if the rate falls, a ceiling if it grows. @default none */
  readonly end?: number;
}

export const exponentialOptions: OptionsSchema<ExponentialOptions, "every"> = optionsSchema<
  ExponentialOptions,
  "every"
>(
  {
    start: rate("Rate of step 0"),
    factor: positive("Factor over `every` steps"),
    every: { ...count("Steps that `factor` takes"), default: 1 },
    end: rate("Floor of a falling rate, ceiling of a growing one"),
  },
  ["start", "factor"],
);

/**
 * Multiplies the rate smoothly: start · factor^(step / every) (optax `exponential_decay`). For steps, use `stepDecay`.
 *
 * @throws OptionsError if an option is out of range or unknown.
 */
export function exponential(options: ExponentialOptions): Schedule {
  const { start, factor, every, end } = exponentialOptions.parse("exponential", options);
  return (step) => {
    const free = start * factor ** (step / every);
    if (end === undefined) return free;
    return factor < 1 ? Math.max(free, end) : Math.min(free, end);
  };
}

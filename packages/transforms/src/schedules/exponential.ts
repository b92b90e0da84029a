import { type OptionsSchema, optionsSchema, type Schedule } from "@graftjs/core";
import { count, positive, rate } from "./fields.ts";

export interface ExponentialOptions {
  /** Rate of step 0. ≥ 0. */
  readonly start: number;
  /** Factor over `every` steps. > 0; above 1 the rate grows. */
  readonly factor: number;
  /** Steps that `factor` takes. @default 1 */
  readonly every?: number;
  /** The rate never leaves this behind: a floor where it falls, a ceiling where it grows. @default none */
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
 * start · factor^(step / every), smoothly (optax `exponential_decay`). In steps: `step`.
 *
 * @throws OptionsError where an option is out of range or unknown.
 */
export function exponential(options: ExponentialOptions): Schedule {
  const { start, factor, every, end } = exponentialOptions.parse("exponential", options);
  return (step) => {
    const free = start * factor ** (step / every);
    if (end === undefined) return free;
    return factor < 1 ? Math.max(free, end) : Math.min(free, end);
  };
}

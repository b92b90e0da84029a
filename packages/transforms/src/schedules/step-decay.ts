import { type OptionsSchema, optionsSchema, type Schedule } from "@graftjs/core";
import { count, positive, rate } from "./fields.ts";

export interface StepDecayOptions {
  /** Rate of step 0. ≥ 0. */
  readonly start: number;
  /** Number of steps between two changes, ≥ 1. */
  readonly every: number;
  /** Factor at each change. > 0. @default 0.1 */
  readonly factor?: number;
}

export const stepDecayOptions: OptionsSchema<StepDecayOptions, "factor"> = optionsSchema<StepDecayOptions, "factor">(
  {
    start: rate("Rate of step 0"),
    every: count("Number of steps between two changes"),
    factor: { ...positive("Factor at each change"), default: 0.1 },
  },
  ["start", "every"],
);

/**
 * Multiplies the rate by `factor` every `every` steps (torch `StepLR`; optax `exponential_decay` with `staircase`).
 *
 * @throws OptionsError if an option is out of range or unknown.
 */
export function stepDecay(options: StepDecayOptions): Schedule {
  const { start, every, factor } = stepDecayOptions.parse("step-decay", options);
  return (at) => start * factor ** Math.floor(at / every);
}

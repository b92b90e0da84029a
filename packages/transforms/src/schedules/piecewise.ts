import { OptionsError, type OptionsSchema, optionsSchema, type Schedule } from "@graftjs/core";
import { positive, rate } from "./fields.ts";

export interface PiecewiseOptions {
  /** Rate of step 0. ≥ 0. */
  readonly start: number;
  /** Step → factor on the rate from that step on, multiplied with the earlier factors: `{ "100": 0.1, "200": 0.1 }`. */
  readonly factors: { readonly [step: string]: number };
}

export const piecewiseOptions: OptionsSchema<PiecewiseOptions> = optionsSchema<PiecewiseOptions>(
  {
    start: rate("Rate of step 0"),
    factors: {
      type: "object",
      additionalProperties: positive("Factor on the rate from this step on"),
      description: "Step → factor on the rate from that step on",
    },
  },
  ["start", "factors"],
);

/**
 * Keeps the rate constant between the steps of `factors`, and multiplies it at each of these steps (optax `piecewise_constant_schedule`; torch
 * `MultiStepLR` with one factor).
 *
 * @throws OptionsError if an option is out of range or unknown, or a key of `factors` is not a step.
 */
export function piecewise(options: PiecewiseOptions): Schedule {
  piecewiseOptions.parse("piecewise", options);
  const wrong = Object.keys(options.factors).filter((key) => !/^\d+$/.test(key));
  if (wrong.length > 0) {
    throw new OptionsError(
      `\`piecewise\` cannot change at ${wrong.join(", ")}.`,
      "Keys of `factors` are steps: 100, 200.",
    );
  }
  const factors = Object.entries(options.factors).map(([at, factor]) => ({ at: Number(at), factor }));
  return (step) => factors.reduce((value, { at, factor }) => (step >= at ? value * factor : value), options.start);
}

import { type OptionsSchema, optionsSchema, type Schedule } from "@graftjs/core";

export interface ConstantOptions {
  /** The rate of every step, ≥ 0. */
  readonly value: number;
}

export const constantOptions: OptionsSchema<ConstantOptions> = optionsSchema<ConstantOptions>(
  { value: { type: "number", minimum: 0, description: "The rate of every step" } },
  ["value"],
);

/**
 * Returns the same rate at every step (optax `constant_schedule`).
 *
 * @throws OptionsError if an option is out of range or unknown.
 */
export function constant(options: ConstantOptions): Schedule {
  constantOptions.parse("constant", options);
  return () => options.value;
}

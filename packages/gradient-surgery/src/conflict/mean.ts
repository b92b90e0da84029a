import { assertOptions, type OptionsSchema, optionsSchema, type WeighingCombiner } from "@graftjs/core";
import { type Preference, preferenceOption, preferred } from "./preference.ts";
import { weighing } from "./weighing.ts";

export interface MeanOptions {
  /** How much each task counts, by name. @default all alike */
  readonly preference?: Preference;
}

export const meanOptions: OptionsSchema<MeanOptions> = optionsSchema<MeanOptions>({ preference: preferenceOption });

/**
 * The mean of the tasks' gradients, Σ pᵢgᵢ: what a weighted sum of losses does, and what the other combiners are
 * compared with. No state.
 *
 * @throws OptionsError where an option is out of range or unknown; RecipeError at the step where `preference` does not
 *   name the tasks.
 */
export function mean(options: MeanOptions = {}): WeighingCombiner<null> {
  assertOptions("mean", meanOptions, options);
  return weighing("mean", {}, (_, tasks) => preferred("mean", options.preference, tasks));
}

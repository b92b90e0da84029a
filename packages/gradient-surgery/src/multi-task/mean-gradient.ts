import { type OptionsSchema, optionsSchema, type WeighingCombiner } from "@graftjs/core";
import { preferenceOption, preferenceVector, type TaskPreference } from "./preference.ts";
import { weighingCombiner } from "./weighing-combiner.ts";

export interface MeanGradientOptions {
  /** How much each task counts, by name. @default all alike */
  readonly preference?: TaskPreference;
}

export const meanGradientOptions: OptionsSchema<MeanGradientOptions> = optionsSchema<MeanGradientOptions>({
  preference: preferenceOption,
});

/**
 * The mean of the tasks' gradients, Σ pᵢgᵢ: what a weighted sum of losses does, and what the other combiners are
 * compared with. No state.
 *
 * @throws OptionsError if an option is out of range or unknown; RecipeError at the step if `preference` does not
 *   name the tasks.
 */
export function meanGradient(options: MeanGradientOptions = {}): WeighingCombiner<null> {
  meanGradientOptions.parse("mean", options);
  return weighingCombiner("mean", {}, (_, tasks) => preferenceVector("mean", options.preference, tasks));
}

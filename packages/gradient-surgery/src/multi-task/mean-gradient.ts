import { type OptionsSchema, optionsSchema, type WeighingCombiner } from "@graftjs/core";
import { preferenceOption, preferenceVector, type TaskPreference } from "./preference.ts";
import { weighingCombiner } from "./weighing-combiner.ts";

/** Options of {@link meanGradient}. */
export interface MeanGradientOptions {
  /** Weight of each task, by name. @default all are equal */
  readonly preference?: TaskPreference;
}

/** Schema of {@link MeanGradientOptions}. */
export const meanGradientOptions: OptionsSchema<MeanGradientOptions> = optionsSchema<MeanGradientOptions>({
  preference: preferenceOption,
});

/**
 * Computes the mean of the gradients of all tasks, Σ pᵢgᵢ. It equals training on a weighted sum of the losses, and is the
 * baseline for the other combiners. The combiner has no state.
 *
 * @throws OptionsError if an option is unknown or out of range; RecipeError at a step if `preference` does not fit the tasks.
 */
export function meanGradient(options: MeanGradientOptions = {}): WeighingCombiner<null> {
  meanGradientOptions.parse("mean", options);
  return weighingCombiner("mean", {}, (_, tasks) => preferenceVector("mean", options.preference, tasks));
}

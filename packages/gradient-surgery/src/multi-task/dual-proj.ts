import { type OptionsSchema, optionsSchema, type WeighingCombiner } from "@graftjs/core";
import { correlation } from "./correlation.ts";
import { projectOntoDualCone } from "./dual-cone.ts";
import { preferenceOption, preferenceVector, type TaskPreference } from "./preference.ts";
import { granularityOption, type WeighingOptions, weighingCombiner } from "./weighing-combiner.ts";

export interface DualProjOptions extends WeighingOptions {
  /** How much each task counts, by name. @default all alike */
  readonly preference?: TaskPreference;
}

export const dualProjOptions: OptionsSchema<DualProjOptions> = optionsSchema<DualProjOptions>({
  preference: preferenceOption,
  granularity: granularityOption,
});

/**
 * DualProj: the nearest direction to the mean gradient that makes no task worse, to first order (the projection of GEM,
 * Lopez-Paz & Ranzato 2017, equation 11, with the mean of all tasks as the gradient). Equals the mean where nothing
 * conflicts. No state.
 *
 * @throws OptionsError if an option is out of range or unknown; RecipeError at the step if `preference` does not
 *   name the tasks.
 */
export function dualProj(options: DualProjOptions = {}): WeighingCombiner<null> {
  dualProjOptions.parse("dual-proj", options);
  return weighingCombiner("dual-proj", options, (gram, tasks) =>
    projectOntoDualCone(correlation(gram), preferenceVector("dual-proj", options.preference, tasks)),
  );
}

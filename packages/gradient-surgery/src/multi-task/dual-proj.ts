import { type OptionsSchema, optionsSchema, type WeighingCombiner } from "@graftjs/core";
import { correlation } from "./correlation.ts";
import { projectOntoDualCone } from "./dual-cone.ts";
import { preferenceOption, preferenceVector, type TaskPreference } from "./preference.ts";
import { granularityOption, type WeighingOptions, weighingCombiner } from "./weighing-combiner.ts";

/** Options of {@link dualProj}. */
export interface DualProjOptions extends WeighingOptions {
  /** Weight of each task, by name. @default all are equal */
  readonly preference?: TaskPreference;
}

/** Schema of {@link DualProjOptions}. */
export const dualProjOptions: OptionsSchema<DualProjOptions> = optionsSchema<DualProjOptions>({
  preference: preferenceOption,
  granularity: granularityOption,
});

/**
 * Finds the direction closest to the mean gradient that makes no task worse to first order: DualProj. It is the projection of
 * GEM (Lopez-Paz & Ranzato 2017, equation 11), applied to the mean of all tasks. Without a conflict it equals the mean. The
 * combiner has no state.
 *
 * @throws OptionsError if an option is unknown or out of range; RecipeError at a step if `preference` does not fit the tasks.
 */
export function dualProj(options: DualProjOptions = {}): WeighingCombiner<null> {
  dualProjOptions.parse("dual-proj", options);
  return weighingCombiner("dual-proj", options, (gram, tasks) =>
    projectOntoDualCone(correlation(gram), preferenceVector("dual-proj", options.preference, tasks)),
  );
}

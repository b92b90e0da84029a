import { type OptionsSchema, optionsSchema, type WeighingCombiner } from "@graftjs/core";
import { correlation } from "./correlation.ts";
import { projectOntoDualCone } from "./dual-cone.ts";
import { preferenceOption, preferenceVector, type TaskPreference } from "./preference.ts";
import { granularityOption, type WeighingOptions, weighingCombiner } from "./weighing-combiner.ts";

/** Options of {@link upgrad}. */
export interface UpgradOptions extends WeighingOptions {
  /** Weight of each task, by name. @default all are equal */
  readonly preference?: TaskPreference;
}

/** Schema of {@link UpgradOptions}. */
export const upgradOptions: OptionsSchema<UpgradOptions> = optionsSchema<UpgradOptions>({
  preference: preferenceOption,
  granularity: granularityOption,
});

/**
 * Projects the gradient of each task onto the dual cone of all gradients, and takes the mean: UPGrad (Quinton & Rey 2024,
 * "Jacobian Descent for Multi-Objective Optimization", equation 5).
 *
 * No task gets worse to first order, and each task counts in proportion to its gradient. For two tasks, the update is half of
 * PCGrad's sum. A step solves m quadratic programs of size m. The combiner has no state.
 *
 * @throws OptionsError if an option is unknown or out of range; RecipeError at a step if `preference` does not fit the tasks.
 */
export function upgrad(options: UpgradOptions = {}): WeighingCombiner<null> {
  upgradOptions.parse("upgrad", options);
  return weighingCombiner("upgrad", options, (gram, tasks) => {
    const split = correlation(gram);
    const weights = new Float64Array(tasks.length);
    for (const [i, share] of preferenceVector("upgrad", options.preference, tasks).entries()) {
      const unit = new Float64Array(tasks.length);
      unit[i] = share;
      for (const [k, v] of projectOntoDualCone(split, unit).entries()) weights[k] = (weights[k] as number) + v;
    }
    return weights;
  });
}

import { type OptionsSchema, optionsSchema, type WeighingCombiner } from "@graftjs/core";
import { correlation } from "./correlation.ts";
import { projectOntoDualCone } from "./dual-cone.ts";
import { preferenceOption, preferenceVector, type TaskPreference } from "./preference.ts";
import { granularityOption, type WeighingOptions, weighingCombiner } from "./weighing-combiner.ts";

export interface UpgradOptions extends WeighingOptions {
  /** How much each task counts, by name. @default all alike */
  readonly preference?: TaskPreference;
}

export const upgradOptions: OptionsSchema<UpgradOptions> = optionsSchema<UpgradOptions>({
  preference: preferenceOption,
  granularity: granularityOption,
});

/**
 * UPGrad (Quinton & Rey 2024, "Jacobian Descent for Multi-Objective Optimization", equation 5): projects each task's
 * gradient onto the dual cone of all of them, and takes the mean. To first order no task gets worse, and each weighs in
 * by the size of its gradient. For two tasks it is half of PCGrad's sum. No state; m quadratic programs of size m a step.
 *
 * @throws OptionsError if an option is out of range or unknown; RecipeError at the step if `preference` does not
 *   name the tasks.
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

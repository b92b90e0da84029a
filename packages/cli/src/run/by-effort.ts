import type { EffortOptions, EffortPlan } from "@graftjs/presets";
import type { FineTuneOptions, TunableModel } from "@graftjs/tuner";

/** A run by effort before it begins. */
export interface PlannedEffort extends EffortPlan {
  /** The options that the recipe gives. */
  readonly effort: EffortOptions;
}

/** Plans the stages of a run by effort. Returns undefined if the options name no effort. Free the result after use. */
export async function byEffort(
  model: TunableModel,
  options: FineTuneOptions | EffortOptions,
): Promise<PlannedEffort | undefined> {
  if (!("effort" in options)) return undefined;
  const { planEffort } = await import("@graftjs/presets");
  return { ...(await planEffort(model, options)), effort: options };
}

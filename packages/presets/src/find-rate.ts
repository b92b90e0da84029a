import { type FineTuneOptions, findLearningRate, type TunableModel } from "@graftjs/tuner";
import { OptionsError } from "@graftjs/core";
import type { Stage } from "./stages.ts";

/**
 * Returns the rate of a stage, and searches for it if it is not given. A found rate has two significant digits, so that a resumed run,
 * which searches again, finds the same one.
 *
 * @throws OptionsError if the search finds none.
 */
export async function rateOf(
  model: TunableModel,
  { rate }: Stage,
  options: Omit<FineTuneOptions, "learningRate">,
): Promise<FineTuneOptions["learningRate"]> {
  if (typeof rate === "number" || typeof rate === "function") return rate;
  const { checkpoint: _none, maxSteps: _all, ...rest } = options;
  const { suggestion } = await findLearningRate(model, rest, rate === "find" ? {} : rate);
  if (suggestion > 0) return Number(suggestion.toPrecision(2));
  throw new OptionsError(
    "No learning rate was found: the loss was not finite at the smallest rate of the search.",
    "Check the data with `planFineTune`, or give `learningRate`.",
  );
}

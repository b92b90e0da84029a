import { type Callback, formatNames, OptionsError } from "@graftjs/core";
import { earlyStopping } from "../../callbacks/early-stopping.ts";
import { emaWeights } from "../../callbacks/ema-weights.ts";
import { evaluationWeights, isAveraging } from "../../callbacks/evaluation-weights.ts";
import { reduceOnPlateau } from "../../callbacks/reduce-on-plateau.ts";
import type { ParsedOptions } from "../../options/fine-tune-options.ts";

/** Names that a run uses itself: parts of its checkpoint, and reasons for its end. */
const TAKEN = ["rateFactors", "combiner", "guard", "recovery", "maxSteps", "stopped"];

/**
 * Lists the callbacks of a run in the order of their calls: those that the rule or an option stands for, then `callbacks`.
 *
 * @throws OptionsError if two callbacks have one name, or if a name is empty, contains "/" or is used by the run itself.
 */
export function callbacksOf(options: ParsedOptions): readonly Callback[] {
  const { callbacks: given, rule } = options;
  const all = [
    // First, so that early stopping ends the run with its own weights.
    ...(isAveraging(rule) ? [evaluationWeights(rule)] : []),
    ...(options.reduceOnPlateau ? [reduceOnPlateau(options.reduceOnPlateau)] : []),
    ...(options.ema ? [emaWeights(options.ema)] : []),
    ...(options.earlyStopping ? [earlyStopping(options.earlyStopping)] : []),
    ...given,
  ];
  const names = all.map(({ name }) => name);
  const twice = [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
  const unfit = given
    .map(({ name }) => name)
    .filter((name) => typeof name !== "string" || !/^[^/]+$/.test(name) || TAKEN.includes(name));
  const problems = [
    ...(twice.length > 0
      ? [`Two callbacks have the name ${formatNames(twice)}. Give each a name of its own, or leave one out.`]
      : []),
    ...unfit.map(
      (name) =>
        `A callback has the name ${JSON.stringify(name)}. Give a text without "/" that is not ${TAKEN.join(", ")}.`,
    ),
  ];
  if (problems.length > 0) {
    throw new OptionsError(
      `\`callbacks\` has ${problems.length} problem(s): a checkpoint keeps each callback's state under its name.`,
      problems.join("\n"),
    );
  }
  return all;
}

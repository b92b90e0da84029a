import { type AnyRule, type HookedOptimizer, RecipeError, type StateTree, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** The part of a rule whose trained weights are not those to evaluate, save or use. `fineTune` looks for this method. */
export interface Averaging<S extends StateTree = StateTree> {
  /** Returns the weights to evaluate from the trained ones and the rule's state. Run it inside a tidy. */
  evaluationWeights(params: TensorMap, state: S): TensorMap;
}

/** Returns `evaluationWeights` of `rule` for a wrapper that keeps the rule's state in its own field `rule`. Empty if the rule has none. */
export function averagingOf<S extends StateTree>(rule: AnyRule): Partial<Averaging<S & { readonly rule: StateTree }>> {
  return isAveraging(rule) ? { evaluationWeights: (params, state) => rule.evaluationWeights(params, state.rule) } : {};
}

/**
 * Puts the averaged weights of a Schedule-Free rule into the model's variables, for evaluation or saving. Returns a function that puts
 * the training weights back; a second call of it does nothing. Do not take a step in between.
 *
 * @throws RecipeError if the optimizer's rule keeps no average, or has not taken a step.
 */
export function swapInAverage(optimizer: HookedOptimizer): () => void {
  const { rule, state, params } = optimizer;
  if (!isAveraging(rule) || !state) {
    throw new RecipeError(
      isAveraging(rule) ? "The optimizer has not taken a step." : `The rule \`${rule.name}\` keeps no average.`,
      "Use scheduleFreeSgd() or scheduleFreeAdamw(), and take a step before you swap the average in. In fineTune, it is swapped in for you.",
    );
  }
  const trained = params.map(({ variable }) => tf.keep(tf.clone(variable)));
  tf.tidy(() => {
    const named = Object.fromEntries(params.map(({ name, variable }) => [name, variable]));
    const average = rule.evaluationWeights(named, state.rule);
    for (const { name, variable } of params) {
      // A parameter that is not trained yet comes back itself. To assign a variable to itself would free its values.
      if (average[name] !== variable) variable.assign(average[name] as tf.Tensor);
    }
  });
  return () => {
    for (const [i, { variable }] of params.entries()) {
      const weights = trained[i] as tf.Tensor;
      if (weights.isDisposed) return;
      variable.assign(weights);
      weights.dispose();
    }
  };
}

function isAveraging(rule: AnyRule): rule is AnyRule & Averaging {
  return typeof (rule as Partial<Averaging>).evaluationWeights === "function";
}

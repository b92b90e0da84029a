import type { AnyRule, Callback, CallbackRun, StateTree, TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { readWeights, writeWeights } from "../models/weights.ts";

/** A rule whose trained weights are not those to use, such as the Schedule-Free rules of `@graftjs/transforms`. */
type AveragingRule = AnyRule & { evaluationWeights(params: TensorMap, state: StateTree): TensorMap };

/** Returns whether a rule has other weights for evaluation than for training: whether it has the method `evaluationWeights`. */
export function isAveraging(rule: AnyRule): rule is AveragingRule {
  return typeof (rule as Partial<AveragingRule>).evaluationWeights === "function";
}

/**
 * Puts the rule's evaluation weights into the model for validation and at the end of the run. Between them, the model holds the trained
 * weights bit for bit, also in checkpoints. So the callback has no memory of its own.
 */
export function evaluationWeights(rule: AveragingRule): Callback {
  let run: CallbackRun;
  let trained: ReadonlyMap<string, Float32Array> | undefined;
  const putAverage = (): void => {
    const { params, optimizer } = run;
    const { state } = optimizer;
    if (!state) return;
    tf.tidy(() => {
      const named = Object.fromEntries(params.map(({ name, variable }) => [name, variable]));
      const average = rule.evaluationWeights(named, state.rule);
      for (const { name, variable } of params) {
        // A parameter that is not trained yet comes back itself. To assign a variable to itself would free its values.
        if (average[name] !== variable) variable.assign(average[name] as tf.Tensor);
      }
    });
  };
  return {
    name: "evaluationWeights",
    runStart(started) {
      run = started;
    },
    async beforeValidation() {
      trained = await readWeights(run.params);
      putAverage();
    },
    async afterValidation() {
      if (trained) writeWeights(run.params, trained);
      trained = undefined;
    },
    async finish() {
      putAverage();
    },
  };
}

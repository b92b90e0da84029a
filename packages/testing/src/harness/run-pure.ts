import type { AnyHook, AnyRule, Param, StateTree, TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { read, readTree, type Values } from "./assertions.ts";
import { contextOf } from "./subject.ts";

/** The values that a hook or rule returned at one step. */
export interface PureStep {
  readonly grads: Values;
  /** Dtype and shape of each output, by name. */
  readonly shapes: { readonly [name: string]: string };
  readonly state: Values;
}

/**
 * Calls `init` once and `transform` once per entry of `steps`, with the arguments that the optimizer would pass. Frees all
 * tensors that it makes.
 *
 * @param learningRate the rate of every step. @default 0.05
 */
export function runPure(
  hook: AnyHook | AnyRule,
  params: readonly Param[],
  steps: readonly TensorMap[],
  learningRate = 0.05,
): readonly PureStep[] {
  const results: PureStep[] = [];
  tf.tidy(() => {
    const ctx = contextOf(params, 0, learningRate);
    let state: StateTree = hook.init(ctx.params, params);
    steps.forEach((grads, step) => {
      const out = hook.transform(grads, state, { ...ctx, step });
      const returned = "updates" in out ? out.updates : out.grads;
      state = out.state;
      results.push({
        grads: read(returned),
        shapes: Object.fromEntries(
          Object.entries(returned).map(([name, tensor]) => [name, `${tensor.dtype}[${tensor.shape}]`]),
        ),
        state: readTree(state),
      });
    });
  });
  return results;
}

import type { AnyHook, AnyRule, Param, StateTree, TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { read, readTree, type Values } from "./assertions.ts";
import { contextOf } from "./subject.ts";

/** What a hook returned at one step. */
export interface PureStep {
  readonly grads: Values;
  readonly shapes: { readonly [name: string]: string };
  readonly state: Values;
}

/**
 * `init`, then one `transform` per entry of `steps`, called as the optimizer calls them but without it. Frees everything.
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
      state = out.state;
      results.push({
        grads: read(out.grads),
        shapes: Object.fromEntries(
          Object.entries(out.grads).map(([name, tensor]) => [name, `${tensor.dtype}[${tensor.shape}]`]),
        ),
        state: readTree(state),
      });
    });
  });
  return results;
}

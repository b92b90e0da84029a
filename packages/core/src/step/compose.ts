import type * as tf from "@tensorflow/tfjs-core";
import { type Param, variablesOf } from "../params/params.ts";
import type { TensorMap } from "../params/tensor-map.ts";
import type { StateTree } from "../state/tree.ts";
import type { AnyHook, AnyRule, StepContext } from "./hook.ts";
import { unlessSkipped } from "./skip.ts";
import { updatedValues } from "./update.ts";

/** State of the hooks (by hook name) and of the rule. */
export type OptimizerState = { readonly hooks: StateTree; readonly rule: StateTree };

/** Result of one step, before anything is written. */
export interface StepResult {
  readonly state: OptimizerState;
  /** New values of the parameters. Empty if the step is skipped, or if a fused kernel has written the values. */
  readonly values: TensorMap;
  /** Whether the step counts. False if a hook skipped it on the host. */
  readonly taken: boolean;
}

/**
 * One step as a pure function: gradients go through the hook, then through the rule; the update gives new values.
 * Only a fused kernel writes, and it runs last, after everything that can throw.
 *
 * @param hook all hooks as one, see `chain`.
 * @param own called with the old and the new state of each part; returns the state to keep.
 */
export function takeStep(
  { hook, rule }: { readonly hook: AnyHook; readonly rule: AnyRule },
  active: readonly Param[],
  grads: TensorMap,
  before: OptimizerState,
  ctx: StepContext,
  own: (old: StateTree, next: StateTree) => StateTree,
): StepResult {
  const hooked = hook.transform(grads, before.hooks, ctx);
  const hooks = own(before.hooks, hooked.state);
  if (hooked.skip === true) {
    return { state: { hooks, rule: own(before.rule, before.rule) }, values: {}, taken: false };
  }
  const skip = hooked.skip || undefined;
  const fused = skip ? undefined : applyFused(rule, active, hooked.grads, before.rule, ctx);
  if (fused) return { state: { hooks, rule: own(before.rule, fused.state) }, values: {}, taken: true };
  const { updates, state } = rule.transform(hooked.grads, before.rule, ctx);
  const next = skip ? unlessSkipped(skip, before.rule, state) : state;
  return {
    state: { hooks, rule: own(before.rule, next) },
    values: updatedValues(active, updates, skip as tf.Tensor | undefined),
    taken: true,
  };
}

function applyFused(
  rule: AnyRule,
  active: readonly Param[],
  grads: TensorMap,
  state: StateTree,
  ctx: StepContext,
): { state: StateTree } | undefined {
  // A constraint may throw after the update, and then a fused kernel would already have written the weights.
  if (!rule.applyFused || active.some(({ constraint }) => constraint)) return undefined;
  return rule.applyFused(variablesOf(active), grads, state, ctx);
}

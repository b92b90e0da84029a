import type { AnyRule, StateTree, StepContext, TensorMap, UpdateRule } from "@graftjs/core";

/** State of the rule inside, and of what is around it. */
export type WrappedRuleState = { readonly inner: StateTree; readonly reference: TensorMap };

/**
 * A rule whose updates are changed before they are subtracted: for what must see the step itself, after momentum and
 * Adam's division, which no hook does.
 *
 * The fused kernels of the rule inside are not used: they write the weights before anyone could change the step.
 */
export function wrapRule(
  name: string,
  rule: AnyRule,
  init: (params: TensorMap) => TensorMap,
  change: (updates: TensorMap, reference: TensorMap, ctx: StepContext) => TensorMap,
): UpdateRule<WrappedRuleState> {
  return {
    name: `${name}(${rule.name})`,
    terminal: true,
    stateVersion: rule.stateVersion ?? 1,
    init: (params, infos) => ({ inner: rule.init(params, infos), reference: init(params) }),
    transform(grads, { inner, reference }, ctx) {
      const out = rule.transform(grads, inner, ctx);
      return { updates: change(out.updates, reference, ctx), state: { inner: out.state, reference } };
    },
  };
}

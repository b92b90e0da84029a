import type { AnyRule, StateTree, StepContext, TensorMap, UpdateRule } from "@graftjs/core";

/** State of a wrapped rule: that of the rule inside, and the pretrained weights. */
export type WrappedRuleState = { readonly inner: StateTree; readonly reference: TensorMap };

/**
 * Wraps a rule and changes its updates before they are subtracted. A hook cannot do this: it runs before momentum and before
 * the division of Adam.
 *
 * The wrapped rule does not use its fused kernels, because these write the weights directly.
 *
 * @param init returns the pretrained weights for the state.
 * @param change returns the changed updates.
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

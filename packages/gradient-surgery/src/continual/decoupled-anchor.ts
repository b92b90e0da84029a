import {
  type AnyRule,
  mapTensors,
  type OptionsSchema,
  optionsSchema,
  type Selector,
  selectOnce,
  type UpdateRule,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type ReferenceOptions, referenceFor, referenceOptions } from "./reference.ts";
import { type WrappedRuleState, wrapRule } from "./wrap-rule.ts";

/** Options of {@link decoupledAnchor}. */
export interface DecoupledAnchorOptions extends ReferenceOptions {
  /** Strength of the pull towards the pretrained weights, α ≥ 0. @default 0.01 */
  readonly strength?: number;
  /** Parameters that are pulled. @default all */
  readonly params?: Selector;
}

/** Schema of {@link DecoupledAnchorOptions}. */
export const decoupledAnchorOptions: OptionsSchema<DecoupledAnchorOptions, "strength"> = optionsSchema<
  DecoupledAnchorOptions,
  "strength"
>({
  strength: {
    type: "number",
    minimum: 0,
    default: 0.01,
    description: "Strength of the pull towards the pretrained weights",
  },
  params: { description: "Selector of the parameters that are pulled. Default: all" },
  ...referenceOptions,
});

/**
 * Pulls the weights towards their pretrained values w⁰, separately from the gradient: w ← w − γ·α(w − w⁰) − (step of `rule`),
 * with the rate γ of the parameter. It differs from `anchor` as AdamW differs from Adam with L2 (Loshchilov & Hutter 2019):
 * the pull does not depend on the moments of Adam.
 *
 * State: that of `rule`, and w⁰. With `store: "host"` the state does not contain w⁰.
 *
 * @throws OptionsError if an option is out of range; SelectionError if `params` matches nothing or `reference` does not fit.
 */
export function decoupledAnchor(rule: AnyRule, options: DecoupledAnchorOptions = {}): UpdateRule<WrappedRuleState> {
  const { strength, params: selector = "all" } = decoupledAnchorOptions.parse("decoupled-anchor", options);
  const reference = referenceFor("decoupled-anchor", options);
  const selected = selectOnce(selector, "`params` of `decoupled-anchor`");
  return wrapRule(
    "decoupled-anchor",
    rule,
    (params) => reference.init(params),
    (updates, state, { params, rates, infos }) => {
      const pulled = new Set(infos.filter(selected(infos)).map(({ name }) => name));
      const origin = reference.of(params, state);
      return mapTensors(updates, (update, name) => {
        if (!pulled.has(name)) return update;
        const away = tf.sub(params[name] as tf.Tensor, origin[name] as tf.Tensor);
        return tf.add(update, tf.mul(away, strength * (rates[name] as number)));
      });
    },
  );
}

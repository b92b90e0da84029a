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

export interface DecoupledAnchorOptions extends ReferenceOptions {
  /** Pull towards the pretrained weights, α ≥ 0. @default 0.01 */
  readonly strength?: number;
  /** Which parameters are pulled. @default all */
  readonly on?: Selector;
}

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
  on: { description: "Selector of the parameters that are pulled. Default: all" },
  ...referenceOptions,
});

/**
 * L2-SP beside the step instead of inside the gradient: w ← w − γ·α(w − w⁰) − (step of `rule`), γ the parameter's rate.
 * To `anchor` what AdamW is to Adam with L2 (Loshchilov & Hutter 2019): the pull does not depend on Adam's moments.
 *
 * State: that of `rule`, and w⁰; no w⁰ with `store: "host"`.
 * @throws OptionsError if an option is out of range; SelectionError if `on` matches nothing or `reference` does not
 *   fit.
 */
export function decoupledAnchor(rule: AnyRule, options: DecoupledAnchorOptions = {}): UpdateRule<WrappedRuleState> {
  const { strength, on = "all" } = decoupledAnchorOptions.parse("decoupled-anchor", options);
  const reference = referenceFor("decoupled-anchor", options);
  const selected = selectOnce(on, "`on` of `decoupled-anchor`");
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

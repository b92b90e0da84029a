import {
  decayedNames,
  mapTensors,
  type OptionSchema,
  type OptionsSchema,
  optionsSchema,
  type Selector,
  type StateTree,
  type UpdateRule,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

export interface DecoupledWeightDecayOptions {
  /** λ in w ← w − γ·λ·w. ≥ 0. */
  readonly weightDecay: number;
  /** Parameters that decay. @default two or more dimensions, and not a bias, gamma or beta */
  readonly on?: Selector;
}

/** Schema of the option `on` of everything that decays weights. */
export const decaySelector: OptionSchema = {
  description:
    "Selector of the parameters that decay; by default those of two or more dimensions except biases, gamma and beta",
};

/** Schemas of the options, for functions and recipes. */
export const decoupledWeightDecayProperties: Readonly<Record<keyof DecoupledWeightDecayOptions, OptionSchema>> = {
  weightDecay: { type: "number", minimum: 0, description: "λ in w ← w − γ·λ·w" },
  on: decaySelector,
};

const decoupledWeightDecayOptions: OptionsSchema<DecoupledWeightDecayOptions> =
  optionsSchema<DecoupledWeightDecayOptions>(decoupledWeightDecayProperties, ["weightDecay"]);

/**
 * Adds w ← w − γ·λ·w on the parameters of `on` to `rule`. The decay never enters momentum or moments (Loshchilov & Hutter
 * 2019, algorithm 1: `decoupledWeightDecay(sgd({ momentum: 0.9 }), { weightDecay })` is their SGDW). For Adam use `adamw`,
 * which has fused kernels; this wrapper does not use the rule's fused kernels.
 *
 * State: the rule's.
 * @throws OptionsError if an option is out of range or unknown; SelectionError if `on` matches nothing.
 */
export function decoupledWeightDecay<S extends StateTree>(
  rule: UpdateRule<S>,
  options: DecoupledWeightDecayOptions,
): UpdateRule<S> {
  const { weightDecay, on } = decoupledWeightDecayOptions.parse("decoupled-weight-decay", options);
  const selected = decayedNames(on, "`on` of `decoupled-weight-decay`");
  const { applyFused: _, ...composed } = rule;
  return {
    ...composed,
    init(params, infos) {
      selected(infos);
      return rule.init(params, infos);
    },
    transform(grads, state, ctx) {
      const out = rule.transform(grads, state, ctx);
      const names = selected(ctx.infos);
      const updates = mapTensors(out.updates, (update, name) =>
        names.has(name)
          ? tf.add(update, tf.mul(ctx.params[name] as tf.Tensor, weightDecay * (ctx.rates[name] as number)))
          : update,
      );
      return { updates, state: out.state };
    },
  };
}

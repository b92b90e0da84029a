import * as tf from "@tensorflow/tfjs-core";
import { decays } from "../decay.ts";
import type { UpdateRule } from "../hook.ts";
import { assertOptions, type OptionsSchema, optionsSchema } from "../options.ts";
import type { Selector } from "../select.ts";
import { mapTensors, type StateTree } from "../tree.ts";

export interface DecoupledWeightDecayOptions {
  /** λ in w ← w − γ·λ·w. ≥ 0. */
  readonly weightDecay: number;
  /** Which parameters decay. @default every parameter of more than one dimension */
  readonly on?: Selector;
}

export const decoupledWeightDecayOptions: OptionsSchema<DecoupledWeightDecayOptions> =
  optionsSchema<DecoupledWeightDecayOptions>(
    {
      weightDecay: { type: "number", minimum: 0, description: "λ in w ← w − γ·λ·w" },
      on: { description: "Selector of the parameters that decay; those of more than one dimension by default" },
    },
    ["weightDecay"],
  );

/**
 * `rule`, and beside it w ← w − γ·λ·w on the parameters of `on`: the decay never enters momentum or moments (Loshchilov &
 * Hutter 2019, algorithm 1: `decoupledWeightDecay(sgd({ momentum: 0.9 }), { weightDecay })` is their SGDW). For Adam, `adamw`
 * does the same in fused kernels; here the rule's fused kernels are not used.
 *
 * State: the rule's.
 * @throws OptionsError where an option is out of range or unknown; SelectionError where `on` matches nothing.
 */
export function decoupledWeightDecay<S extends StateTree>(
  rule: UpdateRule<S>,
  options: DecoupledWeightDecayOptions,
): UpdateRule<S> {
  assertOptions("decoupled-weight-decay", decoupledWeightDecayOptions, options);
  const { weightDecay, on } = options;
  const selected = decays(on, "`on` of `decoupled-weight-decay`");
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
      const updates = mapTensors(out.grads, (update, name) =>
        names.has(name)
          ? tf.add(update, tf.mul(ctx.params[name] as tf.Tensor, weightDecay * (ctx.rates[name] as number)))
          : update,
      );
      return { ...out, grads: updates };
    },
  };
}

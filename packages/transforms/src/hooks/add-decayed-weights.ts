import {
  decayedNames,
  mapTensors,
  type OptimizerHook,
  type OptionsSchema,
  optionsSchema,
  type Selector,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

export interface AddDecayedWeightsOptions {
  /** λ in g ← g + λ·w. ≥ 0. */
  readonly weightDecay: number;
  /** Which parameters decay. @default every parameter of more than one dimension */
  readonly on?: Selector;
}

export const addDecayedWeightsOptions: OptionsSchema<AddDecayedWeightsOptions> =
  optionsSchema<AddDecayedWeightsOptions>(
    {
      weightDecay: { type: "number", minimum: 0, description: "λ in g ← g + λ·w" },
      on: { description: "Selector of the parameters that decay; those of more than one dimension by default" },
    },
    ["weightDecay"],
  );

/**
 * Coupled weight decay (L2): g ← g + λ·w on the parameters of `on`, so that whatever follows (clipping, momentum, the moments
 * of Adam) sees the decay as part of the gradient. As optax `add_decayed_weights`. Decoupled decay is a matter of the rule:
 * `adamw`, `decoupledWeightDecay`.
 *
 * No state.
 * @throws OptionsError where an option is out of range or unknown; SelectionError where `on` matches nothing.
 */
export function addDecayedWeights(options: AddDecayedWeightsOptions): OptimizerHook<null> {
  const { weightDecay, on } = addDecayedWeightsOptions.parse("add-decayed-weights", options);
  const selected = decayedNames(on, "`on` of `add-decayed-weights`");
  return {
    name: "add-decayed-weights",
    init(_, infos) {
      selected(infos);
      return null;
    },
    transform(grads, state, { params, infos }) {
      const names = selected(infos);
      const decayed = mapTensors(grads, (g, name) =>
        names.has(name) ? tf.add(g, tf.mul(params[name] as tf.Tensor, weightDecay)) : g,
      );
      return { grads: decayed, state };
    },
  };
}

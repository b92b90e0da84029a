import {
  decayedNames,
  mapTensors,
  type OptimizerHook,
  type OptionsSchema,
  optionsSchema,
  type Selector,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { decaySelector } from "../rules/decoupled-weight-decay.ts";

export interface AddDecayedWeightsOptions {
  /** λ in g ← g + λ·w. ≥ 0. */
  readonly weightDecay: number;
  /** Parameters that decay. @default two or more dimensions, and not a bias, gamma or beta */
  readonly on?: Selector;
}

export const addDecayedWeightsOptions: OptionsSchema<AddDecayedWeightsOptions> =
  optionsSchema<AddDecayedWeightsOptions>(
    {
      weightDecay: { type: "number", minimum: 0, description: "λ in g ← g + λ·w" },
      on: decaySelector,
    },
    ["weightDecay"],
  );

/**
 * Adds coupled weight decay (L2): g ← g + λ·w on the parameters of `on`. Later hooks and the rule (clipping, momentum, the
 * moments of Adam) see the decay as part of the gradient. Like optax `add_decayed_weights`. For decoupled decay use the
 * rules `adamw` or `decoupledWeightDecay`.
 *
 * It keeps no state.
 * @throws OptionsError if an option is out of range or unknown; SelectionError if `on` matches nothing.
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

import { mapTensors, type OptimizerHook, type OptionsSchema, optionsSchema, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type ReferenceOptions, referenceFor, referenceOptions } from "./reference.ts";

export interface AnchorOptions extends ReferenceOptions {
  /** Pull towards the pretrained weights, α ≥ 0. @default 0.01 */
  readonly strength?: number;
}

export type AnchorState = { readonly reference: TensorMap };

export const anchorOptions: OptionsSchema<AnchorOptions, "strength"> = optionsSchema<AnchorOptions, "strength">({
  strength: {
    type: "number",
    minimum: 0,
    default: 0.01,
    description: "Strength of the pull towards the pretrained weights",
  },
  ...referenceOptions,
});

/**
 * L2-SP (Li, Grandvalet & Davoine 2018, equation 3), coupled: g ← g + α(w − w⁰), the gradient of α/2·‖w − w⁰‖². Not for a
 * new head, whose w⁰ means nothing: use a mask. With Adam the pull is divided by √v̂ as weight decay is: see
 * `decoupledAnchor`.
 *
 * State: w⁰, one tensor a parameter; none with `store: "host"`.
 * @throws OptionsError if an option is out of range; SelectionError if `reference` does not fit the parameters.
 */
export function anchor(options: AnchorOptions = {}): OptimizerHook<AnchorState> {
  const { strength } = anchorOptions.parse("anchor", options);
  const reference = referenceFor("anchor", options);
  return {
    name: "anchor",
    init: (params) => ({ reference: reference.init(params) }),
    transform(grads, state, { params }) {
      const origin = reference.of(params, state.reference);
      return {
        grads: mapTensors(grads, (g, name) =>
          tf.tidy(() => tf.add(g, tf.mul(tf.sub(params[name] as tf.Tensor, origin[name] as tf.Tensor), strength))),
        ),
        state,
      };
    },
  };
}

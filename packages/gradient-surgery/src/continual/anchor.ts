import { mapTensors, type OptimizerHook, type OptionsSchema, optionsSchema, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type ReferenceOptions, referenceFor, referenceOptions } from "./reference.ts";

/** Options of {@link anchor}. */
export interface AnchorOptions extends ReferenceOptions {
  /** Strength of the pull towards the pretrained weights, α ≥ 0. @default 0.01 */
  readonly strength?: number;
}

/** State of {@link anchor}: the pretrained weights, or nothing with `store: "host"`. */
export type AnchorState = { readonly reference: TensorMap };

/** Schema of {@link AnchorOptions}. */
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
 * Pulls the weights towards their pretrained values w⁰: L2-SP (Li, Grandvalet & Davoine 2018, equation 3).
 * g ← g + α(w − w⁰), which is the gradient of α/2·‖w − w⁰‖².
 *
 * Exclude a new head with a mask, because its w⁰ has no meaning. Adam divides the pull by √v̂, as it does with weight decay:
 * use `decoupledAnchor` with Adam. State: w⁰, one tensor per parameter. With `store: "host"` there is none.
 *
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

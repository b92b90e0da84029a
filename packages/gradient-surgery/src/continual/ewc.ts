import { mapTensors, type OptimizerHook, type OptionsSchema, optionsSchema, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type HostWeights, uploadWeights } from "./host-weights.ts";
import { type ReferenceOptions, referenceFor, referenceOptions } from "./reference.ts";

/** Options of {@link ewc}. */
export interface EwcOptions extends ReferenceOptions {
  /** Fisher information of the old task, from `fisherInformation`. Parameters without an entry are unchanged. */
  readonly fisher: HostWeights;
  /** Weight of the old task, λ ≥ 0. It must be tuned, because the Fisher values scale with the loss. @default 100 */
  readonly strength?: number;
}

/** State of {@link ewc}: empty with `store: "host"`. */
export type EwcState = { readonly reference: TensorMap; readonly fisher: TensorMap };

/** Schema of {@link EwcOptions}. */
export const ewcOptions: OptionsSchema<EwcOptions, "strength"> = optionsSchema<EwcOptions, "strength">(
  {
    fisher: { type: "object", description: "Fisher information by parameter name, from `fisherInformation`" },
    strength: { type: "number", minimum: 0, default: 100, description: "Weight of the old task" },
    ...referenceOptions,
  },
  ["fisher"],
);

/**
 * Pulls each weight towards its pretrained value as strongly as the old task needs it: elastic weight consolidation
 * (Kirkpatrick et al. 2017, equation 3). g ← g + λ·F ⊙ (w − w⁰), which is the gradient of λ/2·Σ Fᵢ(wᵢ − w⁰ᵢ)². `anchor` pulls
 * all weights equally.
 *
 * State: w⁰ and F, two tensors per parameter. With `store: "host"` there is none.
 *
 * @throws OptionsError if an option is out of range; SelectionError if `fisher` or `reference` does not fit the parameters.
 */
export function ewc(options: EwcOptions): OptimizerHook<EwcState> {
  const { fisher, strength, store = "device" } = ewcOptions.parse("ewc", options);
  const reference = referenceFor("ewc", options);
  const withFisher = (map: TensorMap): TensorMap =>
    Object.fromEntries(Object.entries(map).filter(([name]) => fisher[name]));
  const information = (params: TensorMap): TensorMap => uploadWeights("`fisher` of `ewc`", fisher, withFisher(params));
  return {
    name: "ewc",
    init: (params) => ({
      reference: reference.init(withFisher(params)),
      fisher: store === "host" ? {} : information(params),
    }),
    transform(grads, state, { params }) {
      const origin = reference.of(withFisher(params), state.reference);
      const weight = store === "host" ? information(params) : state.fisher;
      return {
        grads: mapTensors(grads, (g, name) => {
          const f = weight[name];
          if (!f) return g;
          const away = tf.sub(params[name] as tf.Tensor, origin[name] as tf.Tensor);
          return tf.add(g, tf.mul(tf.mul(f, away), strength));
        }),
        state,
      };
    },
  };
}

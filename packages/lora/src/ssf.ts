import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import { type AdapterPatch, adapterPatch } from "./adapter/adapter-patch.ts";
import { ssfChange } from "./methods/ssf.ts";
import { selectTargets, type TargetSelector } from "./targets/select-targets.ts";

/** Options of {@link ssf}. */
export interface SsfOptions {
  /** The weights to adapt, by stable name. @default "all-linear" */
  readonly target?: TargetSelector;
}

/** Schema of {@link SsfOptions}. */
export const ssfOptions: OptionsSchema<SsfOptions, "target"> = optionsSchema<SsfOptions, "target">({
  target: {
    default: "all-linear",
    description: "The weights to adapt. `all-linear`: every dense and convolution kernel except the last layer's",
  },
});

/**
 * Adapts a model by a scale and a shift of the outputs of its layers, before their activation (SSF, Lian et al. 2022, arXiv
 * 2210.08823). Train `role:ssf_scale` and `role:ssf_shift`.
 *
 * @throws OptionsError if an option is wrong. At `apply`, SelectionError if a selector matches nothing, and OptionsError if a target
 *   is in a recurrent layer, an embedding, or a layer without a bias. The model is then unchanged.
 */
export function ssf(options: SsfOptions = {}): AdapterPatch {
  const { target } = ssfOptions.parse("ssf", options);
  return adapterPatch("ssf", (model) =>
    selectTargets(model, target, "`target` of `ssf`").map((one) => ({ target: one, make: ssfChange })),
  );
}

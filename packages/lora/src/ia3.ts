import { type OptionsSchema, optionsSchema, type Selector, selectParams } from "@graftjs/core";
import { type AdapterPatch, adapterPatch } from "./adapter/adapter-patch.ts";
import { ia3Change } from "./methods/ia3.ts";
import { selectTargets, type TargetSelector } from "./targets/select-targets.ts";

/** Options of {@link ia3}. */
export interface Ia3Options {
  /** The weights to adapt, by stable name. @default "all-linear" */
  readonly target?: TargetSelector;
  /** The targets whose inputs are scaled instead of their outputs. @default none */
  readonly feedforward?: Selector;
}

/** Schema of {@link Ia3Options}. */
export const ia3Options: OptionsSchema<Ia3Options, "target"> = optionsSchema<Ia3Options, "target">({
  target: {
    default: "all-linear",
    description: "The weights to adapt. `all-linear`: every dense and convolution kernel except the last layer's",
  },
  feedforward: { description: "Selector of the targets whose inputs are scaled instead of their outputs" },
});

/**
 * Adapts a model by one factor for each output of its layers, or for each input of the feed-forward ones (IA³, Liu et al. 2022,
 * arXiv 2205.05638). Train `role:ia3_l`. It adds the fewest parameters of all methods here.
 *
 * @throws OptionsError if an option is wrong. At `apply`, SelectionError if a selector matches nothing, and OptionsError if a target
 *   is in a recurrent layer or an embedding. The model is then unchanged.
 */
export function ia3(options: Ia3Options = {}): AdapterPatch {
  const { target, feedforward } = ia3Options.parse("ia3", options);
  return adapterPatch("ia3", (model) => {
    const targets = selectTargets(model, target, "`target` of `ia3`");
    const weights = targets.map(({ weight }) => weight);
    const scaled = feedforward === undefined ? [] : selectParams(weights, feedforward, "`feedforward` of `ia3`");
    const inputs = new Set(scaled.map(({ name }) => name));
    return targets.map((one) => ({ target: one, make: (of) => ia3Change(of, inputs.has(one.name)) }));
  });
}

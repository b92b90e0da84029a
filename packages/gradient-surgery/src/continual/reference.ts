import { type OptionSchema, OptionsError, type TensorMap } from "@graftjs/core";
import { type HostWeights, uploadWeights } from "./host-weights.ts";

/** Where the pretrained weights come from, and where they are kept. */
export interface ReferenceOptions {
  /** Pretrained weights, from `readWeights`. @default those of each parameter at its first step */
  readonly reference?: HostWeights;
  /** `"host"` uploads them in each step and keeps none on the device; needs `reference`. @default "device" */
  readonly store?: "device" | "host";
}

export const referenceOptions: { readonly [K in keyof ReferenceOptions]-?: OptionSchema } = {
  reference: {
    type: "object",
    description:
      "Pretrained weights by parameter name, from `readWeights`. Default: each parameter's values at its first step",
  },
  store: { enum: ["device", "host"], default: "device", description: "Memory that holds the pretrained weights" },
};

/** The pretrained weights: as state on the device, or as nothing at all. */
export interface Reference {
  /** What the state keeps. */
  init(params: TensorMap): TensorMap;
  /** The values for `params`, from the state or from the host. */
  of(params: TensorMap, state: TensorMap): TensorMap;
}

/** @throws OptionsError if `store` is `"host"` and `reference` is missing. */
export function referenceFor(name: string, { reference, store = "device" }: ReferenceOptions): Reference {
  if (store === "host" && !reference) {
    throw new OptionsError(
      `\`${name}\` keeps its reference on the host, and has none.`,
      "Pass `reference: await readWeights(params)`, read before training.",
    );
  }
  const what = `\`reference\` of \`${name}\``;
  return {
    init: (params) => (store === "host" ? {} : reference ? uploadWeights(what, reference, params) : params),
    of: (params, state) => (store === "host" ? uploadWeights(what, reference as HostWeights, params) : state),
  };
}

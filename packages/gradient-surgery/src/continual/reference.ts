import { type OptionSchema, OptionsError, type TensorMap } from "@graftjs/core";
import { type HostWeights, uploadWeights } from "./host-weights.ts";

/** Options for the source and the place of the pretrained weights. */
export interface ReferenceOptions {
  /** Pretrained weights, from `readWeights`. @default the values of each parameter at its first step */
  readonly reference?: HostWeights;
  /** `"host"` keeps nothing on the device and uploads the weights at each step. It needs `reference`. @default "device" */
  readonly store?: "device" | "host";
}

/** Schemas of {@link ReferenceOptions}. */
export const referenceOptions: { readonly [K in keyof ReferenceOptions]-?: OptionSchema } = {
  reference: {
    type: "object",
    description:
      "Pretrained weights by parameter name, from `readWeights`. Default: each parameter's values at its first step",
  },
  store: { enum: ["device", "host"], default: "device", description: "Memory that holds the pretrained weights" },
};

/** Access to the pretrained weights, in the state or in host memory. */
export interface Reference {
  /** Returns the tensors for the state. */
  init(params: TensorMap): TensorMap;
  /** Returns the values for `params`, from the state or from host memory. */
  of(params: TensorMap, state: TensorMap): TensorMap;
}

/**
 * Creates the access to the pretrained weights.
 *
 * @throws OptionsError if `store` is `"host"` and `reference` is missing.
 */
export function referenceFor(name: string, { reference, store = "device" }: ReferenceOptions): Reference {
  if (store === "host" && !reference) {
    throw new OptionsError(
      `\`${name}\` has \`store: "host"\`, but no \`reference\`.`,
      "Before training, read it: `reference: await readWeights(params)`.",
    );
  }
  const label = `\`reference\` of \`${name}\``;
  return {
    init: (params) => (store === "host" ? {} : reference ? uploadWeights(label, reference, params) : params),
    of: (params, state) => (store === "host" ? uploadWeights(label, reference as HostWeights, params) : state),
  };
}

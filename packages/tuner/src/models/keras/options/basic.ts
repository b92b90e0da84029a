import { becomes, type LayerRule, NO_ACTIVITY, NOT_CHANGED, weightOptions } from "./rule.ts";

/** Dense, embeddings, shapes, masks and dropout. */
export const BASIC: Readonly<Record<string, LayerRule>> = {
  InputLayer: {
    keeps: ["input_dtype", "input_shape", "batch_size"],
    only: { sparse: [false, null], ragged: [false, null], optional: [false, null] },
  },
  Dense: {
    keeps: ["units", "use_bias", "input_dim", ...weightOptions("kernel", "bias")],
    activations: ["activation"],
    only: { ...NO_ACTIVITY, ...NOT_CHANGED },
  },
  Embedding: {
    keeps: ["input_dim", "output_dim", "mask_zero", "input_length", ...weightOptions("embeddings")],
    only: { ...NO_ACTIVITY, ...NOT_CHANGED, sparse: [false, null] },
  },
  Activation: { activations: ["activation"] },
  Identity: becomes("Activation", [], { with: () => ({ activation: "linear" }) }),
  Flatten: { keeps: ["data_format"] },
  Reshape: { keeps: ["target_shape"] },
  Permute: { keeps: ["dims"] },
  RepeatVector: { keeps: ["n"] },
  Masking: { keeps: ["mask_value"] },
  Dropout: {
    keeps: ["rate", "seed", "noise_shape"],
  },
  AlphaDropout: { keeps: ["rate", "noise_shape"], drops: ["seed"] },
  GaussianDropout: { keeps: ["rate"], drops: ["seed"] },
  GaussianNoise: { keeps: ["stddev"], drops: ["seed"] },
  SpatialDropout1D: { keeps: ["rate", "seed"], only: { noise_shape: [null] } },
  SpatialDropout2D: spatialDropout([1, 2], [2, 3]),
  SpatialDropout3D: spatialDropout([1, 2, 3], [2, 3, 4]),
};

function spatialDropout(last: readonly number[], first: readonly number[]): LayerRule {
  return {
    keeps: ["rate", "seed", "data_format"],
    only: { noise_shape: [null] },
    replace: ({ data_format: format, ...config }) => ({
      class_name: "KerasSpatialDropout",
      config: { ...config, shared: format === "channels_first" ? first : last },
    }),
  };
}

import { becomes, type LayerRule, weightOptions } from "./rule.ts";

/** Normalization and other preprocessing. */
export const NORMALIZATION: Readonly<Record<string, LayerRule>> = {
  BatchNormalization: {
    keeps: [
      ...["axis", "momentum", "epsilon", "center", "scale", ...weightOptions("beta", "gamma")],
      ...["moving_mean_initializer", "moving_variance_initializer"],
    ],
    only: { renorm: [false, null], virtual_batch_size: [null], adjustment: [null] },
    drops: ["synchronized", "fused", "renorm_clipping", "renorm_momentum"],
    // Keras 2 writes the axis as a list.
    replace: ({ axis, ...config }) =>
      Array.isArray(axis) ? { class_name: "BatchNormalization", config: { ...config, axis: axis[0] } } : undefined,
  },
  LayerNormalization: {
    keeps: ["axis", "epsilon", "center", "scale", ...weightOptions("beta", "gamma")],
    only: { rms_scaling: [false, null] },
  },
  UnitNormalization: becomes("KerasUnitNormalization", ["axis"]),
  Normalization: becomes("KerasNormalization", ["axis", "invert", "mean", "variance"]),
  Rescaling: { keeps: ["scale", "offset"] },
  CategoryEncoding: {
    keeps: ["num_tokens", "output_mode"],
    only: { output_mode: ["multi_hot", "one_hot", "count"], sparse: [false, null] },
    replace: (config) => ({ class_name: "KerasCategoryEncoding", config }),
  },
  CenterCrop: {
    keeps: ["height", "width", "data_format"],
    replace: (_, { refuse }) => {
      throw refuse(
        "height",
        "tfjs-layers gives it a wrong shape. Use Cropping2D, or crop the pictures before they enter the model.",
      );
    },
  },
  LayerScale: becomes("KerasLayerScale", ["init_values", "projection_dim"]),
  StochasticDepth: becomes("KerasSpatialDropout", ["drop_path_rate"], {
    with: ({ drop_path_rate: rate }) => ({ drop_path_rate: undefined, rate, shared: [1, 2, 3] }),
  }),
};

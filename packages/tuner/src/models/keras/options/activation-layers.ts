import { same } from "./config.ts";
import { type LayerRule, weightOptions } from "./rule.ts";

/** Layers that are one activation. */
export const ACTIVATION_LAYERS: Readonly<Record<string, LayerRule>> = {
  ReLU: {
    keeps: ["max_value", "negative_slope", "threshold"],
    replace: (config) => {
      const plain = !config.negative_slope && !config.threshold;
      return plain ? undefined : { class_name: "KerasReLU", config };
    },
  },
  LeakyReLU: {
    keeps: ["alpha", "negative_slope"],
    replace: ({ negative_slope: slope, alpha, ...config }) => ({
      class_name: "LeakyReLU",
      config: { ...config, alpha: slope ?? alpha ?? 0.3 },
    }),
  },
  PReLU: { keeps: ["shared_axes", ...weightOptions("alpha")] },
  ELU: {
    keeps: ["alpha"],
    replace: (config) => (same(config.alpha ?? 1, 1) ? undefined : { class_name: "KerasELU", config }),
  },
  ThresholdedReLU: { keeps: ["theta"] },
  Softmax: {
    keeps: ["axis"],
    // The default of tfjs-layers is axis 1.
    replace: (config) => {
      const axis = config.axis ?? -1;
      return { class_name: axis === -1 ? "Softmax" : "KerasSoftmax", config: { ...config, axis } };
    },
  },
};

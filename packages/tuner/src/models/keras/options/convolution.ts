import type { Options } from "./config.ts";
import { type LayerRule, NO_ACTIVITY, NOT_CHANGED, type RuleContext, weightOptions } from "./rule.ts";

const SHAPE = ["kernel_size", "strides", "padding", "data_format", "dilation_rate", "use_bias"];
const BIAS = weightOptions("bias");
const COMMON = {
  activations: ["activation"],
  only: { ...NO_ACTIVITY, ...NOT_CHANGED },
} as const;
const CHANNELS_LAST = { data_format: ["channels_last", null] };
const UNDILATED = { dilation_rate: [1, [1], [1, 1], [1, 1, 1], null] };

/** Convolutions. */
export const CONVOLUTION: Readonly<Record<string, LayerRule>> = {
  Conv1D: {
    ...COMMON,
    keeps: [
      "filters",
      "groups",
      ...SHAPE.filter((name) => name !== "data_format"),
      ...weightOptions("kernel"),
      ...BIAS,
    ],
    only: { ...COMMON.only, ...CHANNELS_LAST },
    replace: (options) => grouped("KerasConv1D", options, options.padding === "causal"),
  },
  Conv2D: {
    ...COMMON,
    keeps: ["filters", "groups", ...SHAPE, ...weightOptions("kernel"), ...BIAS],
    replace: (options) => grouped("KerasConv2D", options, false),
  },
  Conv3D: {
    ...COMMON,
    keeps: ["filters", ...SHAPE, ...weightOptions("kernel"), ...BIAS],
    only: { ...COMMON.only, groups: [1, null] },
  },
  DepthwiseConv2D: {
    ...COMMON,
    keeps: ["depth_multiplier", ...SHAPE, ...weightOptions("depthwise"), ...BIAS],
    // Keras writes these also, as Conv2D's. The layer has no such weight.
    drops: ["groups", "filters", ...weightOptions("kernel")],
    replace: (config) =>
      [config.dilation_rate ?? 1].flat().every((rate) => rate === 1)
        ? undefined
        : { class_name: "KerasDepthwiseConv2D", config },
  },
  SeparableConv2D: {
    ...COMMON,
    keeps: ["filters", "depth_multiplier", ...SHAPE, ...weightOptions("depthwise", "pointwise"), ...BIAS],
    only: { ...COMMON.only, groups: [1, null], data_format: ["channels_last", null] },
    drops: weightOptions("kernel"),
  },
  Conv2DTranspose: {
    ...COMMON,
    keeps: [
      "filters",
      "output_padding",
      ...SHAPE.filter((name) => name !== "dilation_rate"),
      ...weightOptions("kernel"),
      ...BIAS,
    ],
    only: { ...COMMON.only, ...UNDILATED, groups: [1, null] },
    replace: transposed,
  },
  Conv3DTranspose: {
    ...COMMON,
    keeps: ["filters", ...SHAPE.filter((name) => name !== "dilation_rate"), ...weightOptions("kernel"), ...BIAS],
    only: { ...COMMON.only, ...UNDILATED, groups: [1, null], output_padding: [null] },
  },
};

type Replacement = ReturnType<NonNullable<LayerRule["replace"]>>;

function grouped(class_name: string, { groups, ...config }: Options, causal: boolean): Replacement {
  if ((groups ?? 1) === 1 && !causal) return { class_name: class_name.slice("Keras".length), config };
  return { class_name, config: { ...config, groups: groups ?? 1 } };
}

function transposed({ output_padding: padding, ...config }: Options, { refuse }: RuleContext): Replacement {
  if (padding === null || padding === undefined) return { class_name: "Conv2DTranspose", config };
  const pairs = [config.strides ?? 1, config.kernel_size].map((size) => (Array.isArray(size) ? size : [size, size]));
  const [strides, kernel] = pairs as [number[], number[]];
  // The backends of Keras place this padding differently.
  if (config.padding === "same" && strides.some((stride, axis) => stride > (kernel[axis] as number) - 1))
    throw refuse("output_padding", "With padding `same`, give strides smaller than the kernel, or no output_padding.");
  return { class_name: "KerasConv2DTranspose", config: { ...config, output_padding: padding } };
}

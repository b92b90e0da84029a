import type { LayerRule } from "./rule.ts";
import { becomes } from "./rule.ts";

const LAST = { data_format: ["channels_last", null] };
const POOL = ["pool_size", "strides", "padding", "data_format"];
const POOL_1D: LayerRule = { keeps: POOL.slice(0, 3), only: LAST };

/** Pooling, padding, cropping and resizing. */
export const POOLING: Readonly<Record<string, LayerRule>> = {
  MaxPooling1D: POOL_1D,
  AveragePooling1D: POOL_1D,
  MaxPooling2D: { keeps: POOL },
  AveragePooling2D: { keeps: POOL },
  MaxPooling3D: { keeps: POOL },
  AveragePooling3D: { keeps: POOL },
  GlobalAveragePooling1D: globalPooling("mean", "always"),
  GlobalMaxPooling1D: globalPooling("max", "if needed"),
  GlobalAveragePooling2D: globalPooling("mean", "if needed"),
  GlobalMaxPooling2D: globalPooling("max", "if needed"),
  GlobalAveragePooling3D: globalPooling("mean", "always"),
  GlobalMaxPooling3D: globalPooling("max", "always"),
  ZeroPadding1D: length("padding", 1),
  Cropping1D: length("cropping", -1),
  UpSampling1D: becomes("KerasLength", ["size"], { with: ({ size }) => ({ size: undefined, repeat: size ?? 2 }) }),
  ZeroPadding2D: { keeps: ["padding", "data_format"] },
  Cropping2D: { keeps: ["cropping", "data_format"] },
  UpSampling2D: {
    keeps: ["size", "data_format", "interpolation"],
    only: { interpolation: ["nearest", "bilinear", null] },
    replace: ({ size, ...config }) =>
      config.interpolation === "bilinear"
        ? { class_name: "KerasResize", config: { ...config, factors: typeof size === "number" ? [size, size] : size } }
        : undefined,
  },
  Resizing: {
    keeps: ["height", "width", "interpolation", "crop_to_aspect_ratio", "data_format"],
    only: {
      interpolation: ["nearest", "bilinear", null],
      antialias: [false, null],
      pad_to_aspect_ratio: [false, null],
    },
    drops: ["fill_mode", "fill_value"],
    replace: ({ crop_to_aspect_ratio: crop, interpolation, ...config }) => ({
      class_name: "KerasResize",
      config: { ...config, interpolation: interpolation ?? "bilinear", crop: crop === true },
    }),
  },
};

/** `when`: tfjs-layers lacks the layer or its use of masks, or its layer serves unless sizes are kept. */
function globalPooling(name: "mean" | "max", when: "always" | "if needed"): LayerRule {
  return {
    keeps: ["keepdims", "data_format"],
    replace: (config) =>
      config.keepdims === true || when === "always"
        ? { class_name: "KerasGlobalPooling", config: { ...config, function: name } }
        : undefined,
  };
}

function length(option: string, sign: 1 | -1): LayerRule {
  return becomes("KerasLength", [option], {
    only: LAST,
    with: ({ [option]: size }) => {
      const [before, after] = Array.isArray(size) ? size : [size ?? 1, size ?? 1];
      return { [option]: undefined, before: sign * (before as number), after: sign * (after as number) };
    },
  });
}

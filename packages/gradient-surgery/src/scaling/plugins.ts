import { definePlugin, type Plugin } from "@graftjs/core";
import { agc, agcOptions } from "./agc.ts";
import { centralize } from "./centralize.ts";
import { childTuning, childTuningOptions } from "./child-tuning.ts";
import { clipByBlockRms, clipByBlockRmsOptions } from "./clip-by-block-rms.ts";
import { clipByGlobalNorm, clipByGlobalNormOptions } from "./clip-by-global-norm.ts";
import { clipByNorm, clipByNormOptions } from "./clip-by-norm.ts";
import { clipByValue, clipByValueOptions } from "./clip-by-value.ts";
import { layerDecay, layerDecayOptions } from "./layer-decay.ts";
import { layerScale, layerScaleOptions } from "./layer-scale.ts";
import { skipLargeUpdate, skipLargeUpdateOptions } from "./skip-large-update.ts";
import { zclip, zclipOptions } from "./zclip.ts";

/** Adam divides by the size of the gradient: a constant factor on it changes nothing but ε. */
const withAdam = "It divides every constant factor on a gradient out again: use the recipe's `rateMultipliers`.";
const cancelled = { adam: withAdam, adamw: withAdam };

/** Rules that control the size of gradients. */
export const scalingPlugins: readonly Plugin[] = [
  definePlugin({
    kind: "hook",
    name: "clip-by-value",
    description: "Clips every element of the gradient",
    options: clipByValueOptions,
    create: clipByValue,
  }),
  definePlugin({
    kind: "hook",
    name: "clip-by-norm",
    description: "Scales each tensor's gradient to at most a given norm",
    options: clipByNormOptions,
    create: clipByNorm,
  }),
  definePlugin({
    kind: "hook",
    name: "clip-by-global-norm",
    description: "Scales all gradients by one factor to at most a given norm",
    options: clipByGlobalNormOptions,
    create: clipByGlobalNorm,
  }),
  definePlugin({
    kind: "hook",
    name: "clip-by-block-rms",
    description: "Scales each tensor's gradient to at most a given root mean square",
    options: clipByBlockRmsOptions,
    create: clipByBlockRms,
  }),
  definePlugin({
    kind: "hook",
    name: "agc",
    description: "Clips each unit's gradient relative to its weights",
    options: agcOptions,
    create: agc,
  }),
  definePlugin({
    kind: "hook",
    name: "centralize",
    description: "Takes from each unit's gradient its mean",
    create: centralize,
  }),
  definePlugin({
    kind: "hook",
    name: "layer-scale",
    description: "Multiplies gradients by a factor per selector",
    options: layerScaleOptions,
    conflicts: cancelled,
    create: layerScale,
  }),
  definePlugin({
    kind: "hook",
    name: "layer-decay",
    description: "Smaller gradients the farther a layer is from the output",
    options: layerDecayOptions,
    conflicts: cancelled,
    create: layerDecay,
  }),
  definePlugin({
    kind: "hook",
    name: "zclip",
    description: "Clips the global norm where it is a spike against its own history",
    options: zclipOptions,
    create: zclip,
  }),
  definePlugin({
    kind: "hook",
    name: "skip-large-update",
    description: "Skips the step whose gradient is too large or not finite",
    options: skipLargeUpdateOptions,
    create: skipLargeUpdate,
  }),
  definePlugin({
    kind: "hook",
    name: "child-tuning",
    description: "Trains a random or the most informative share of the elements",
    options: childTuningOptions,
    create: childTuning,
  }),
];

import { definePlugin, type Plugin } from "@graftjs/core";
import { adamCancels } from "./adam-cancels.ts";
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

/** The hooks that control the size of gradients. */
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
    description: "Scales the gradient of each tensor to at most a given norm",
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
    description: "Scales the gradient of each tensor to at most a given root mean square",
    options: clipByBlockRmsOptions,
    create: clipByBlockRms,
  }),
  definePlugin({
    kind: "hook",
    name: "agc",
    description: "Clips the gradient of each unit relative to its weights",
    options: agcOptions,
    create: agc,
  }),
  definePlugin({
    kind: "hook",
    name: "centralize",
    description: "Subtracts the mean from the gradient of each unit",
    create: centralize,
  }),
  definePlugin({
    kind: "hook",
    name: "layer-scale",
    description: "Multiplies the gradients of selected parameters by a factor",
    options: layerScaleOptions,
    conflicts: adamCancels,
    create: layerScale,
  }),
  definePlugin({
    kind: "hook",
    name: "layer-decay",
    description: "Makes the gradients of early layers smaller",
    options: layerDecayOptions,
    conflicts: adamCancels,
    create: layerDecay,
  }),
  definePlugin({
    kind: "hook",
    name: "zclip",
    description: "Clips spikes of the global norm",
    options: zclipOptions,
    create: zclip,
  }),
  definePlugin({
    kind: "hook",
    name: "skip-large-update",
    description: "Skips steps with a gradient that is too large or not finite",
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

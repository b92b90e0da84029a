import { cpuBackend } from "./cpu-backend.ts";
import { accumulate, accumulateOptions } from "./hooks/accumulate.ts";
import { addDecayedWeights, addDecayedWeightsOptions } from "./hooks/add-decayed-weights.ts";
import { applyIfFinite, applyIfFiniteOptions } from "./hooks/apply-if-finite.ts";
import { ema, emaOptions } from "./hooks/ema.ts";
import { nestingPlugins } from "./nesting-plugins.ts";
import { definePlugin, type Plugin } from "./plugin.ts";
import { adam, adamOptions, adamw, adamwOptions } from "./rules/adam.ts";
import { descend } from "./rules/descend.ts";
import { sgd, sgdOptions } from "./rules/sgd.ts";
import { schedulePlugins } from "./schedules/plugins.ts";

/** What core itself brings to a registry: hooks, rules, schedules and the last of the backends. */
export const corePlugins: readonly Plugin[] = [
  definePlugin({
    kind: "hook",
    name: "accumulate",
    description: "One step from the mean of several gradients",
    options: accumulateOptions,
    create: accumulate,
  }),
  definePlugin({
    kind: "hook",
    name: "add-decayed-weights",
    description: "Coupled weight decay (L2)",
    options: addDecayedWeightsOptions,
    create: addDecayedWeights,
  }),
  definePlugin({
    kind: "hook",
    name: "apply-if-finite",
    description: "Skips steps whose gradient is NaN or infinite",
    options: applyIfFiniteOptions,
    create: applyIfFinite,
  }),
  definePlugin({
    kind: "hook",
    name: "ema",
    description: "Moving average of the parameters",
    options: emaOptions,
    create: ema,
  }),
  definePlugin({
    kind: "rule",
    name: "sgd",
    description: "Gradient descent, momentum, Nesterov",
    options: sgdOptions,
    create: sgd,
  }),
  definePlugin({ kind: "rule", name: "adam", description: "Adam", options: adamOptions, create: adam }),
  definePlugin({
    kind: "rule",
    name: "adamw",
    description: "Adam with decoupled weight decay",
    options: adamwOptions,
    create: adamw,
  }),
  definePlugin({
    kind: "rule",
    name: "descend",
    description: "Plain descent, for hooks with their own momentum",
    create: descend,
  }),
  definePlugin({
    kind: "backend",
    name: "cpu",
    description: "tfjs's own cpu backend: slow, and everywhere",
    create: cpuBackend,
  }),
  ...nestingPlugins,
  ...schedulePlugins,
];

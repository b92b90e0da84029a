import { definePlugin, type Plugin } from "./plugin.ts";
import { adam, adamOptions, adamw, adamwOptions } from "./rules/adam.ts";
import { descend } from "./rules/descend.ts";
import { sgd, sgdOptions } from "./rules/sgd.ts";
import { constant, constantOptions } from "./schedules/constant.ts";
import { warmupCosine, warmupCosineOptions } from "./schedules/warmup-cosine.ts";

/** What core itself brings to a registry: rules and schedules. */
export const corePlugins: readonly Plugin[] = [
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
    kind: "schedule",
    name: "constant",
    description: "One rate",
    options: constantOptions,
    create: constant,
  }),
  definePlugin({
    kind: "schedule",
    name: "warmup-cosine",
    description: "Linear rise, then half a cosine down",
    options: warmupCosineOptions,
    create: warmupCosine,
  }),
];

import { definePlugin, type Plugin } from "./kinds/plugin.ts";
import { adam, adamOptions, adamw, adamwOptions } from "./rules/adam.ts";
import { gradientDescent } from "./rules/gradient-descent.ts";
import { sgd, sgdOptions } from "./rules/sgd.ts";

/** The update rules of core, for a registry. */
export const plugins: readonly Plugin[] = [
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
    name: "gradient-descent",
    description: "Plain gradient descent, for hooks with their own momentum",
    create: gradientDescent,
  }),
];

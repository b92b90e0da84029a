import { definePlugin, type Plugin } from "@graftjs/core";
import { pcgrad, pcgradOptions } from "./conflict/pcgrad.ts";
import { clipByGlobalNorm, clipByGlobalNormOptions } from "./magnitude/clip-by-global-norm.ts";

/** Everything of this package that a recipe can name. */
export const plugins: readonly Plugin[] = [
  definePlugin({
    kind: "hook",
    name: "clip-by-global-norm",
    description: "Scales all gradients by one factor to at most a given norm",
    options: clipByGlobalNormOptions,
    create: clipByGlobalNorm,
  }),
  definePlugin({
    kind: "combiner",
    name: "pcgrad",
    description: "Projects away what conflicts between tasks",
    options: pcgradOptions,
    create: pcgrad,
  }),
];

import { definePlugin, type Plugin } from "@graftjs/core";
import { categoricalFocalCrossentropy, focalOptions } from "./focal.ts";
import { LOSSES } from "./losses.ts";

/** The losses, for recipes: `"loss": "hinge"`. */
export const lossPlugins: readonly Plugin[] = [
  ...LOSSES.map((loss) =>
    definePlugin({ kind: "loss", name: loss.name, description: loss.description, create: () => loss }),
  ),
  definePlugin({
    kind: "loss",
    name: "categorical-focal-crossentropy",
    description: "Cross-entropy in which easy examples count less",
    options: focalOptions,
    create: categoricalFocalCrossentropy,
  }),
];

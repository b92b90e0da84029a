import { definePlugin, type Plugin } from "@graftjs/core";
import { LOSSES } from "./losses.ts";

/** The losses, for recipes: `"loss": "hinge"`. */
export const lossPlugins: readonly Plugin[] = LOSSES.map((loss) =>
  definePlugin({ kind: "loss", name: loss.name, description: loss.description, create: () => loss }),
);

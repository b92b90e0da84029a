import type { Plugin } from "@graftjs/core";
import { continualPlugins } from "./continual/plugins.ts";
import { multiTaskPlugins } from "./multi-task/plugins.ts";
import { scalingPlugins } from "./scaling/plugins.ts";

/** Everything of this package that a recipe can name. */
export const plugins: readonly Plugin[] = [...scalingPlugins, ...continualPlugins, ...multiTaskPlugins];

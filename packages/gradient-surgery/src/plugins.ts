import type { Plugin } from "@graftjs/core";
import { continualPlugins } from "./continual/plugins.ts";
import { multiTaskPlugins } from "./multi-task/plugins.ts";
import { scalingPlugins } from "./scaling/plugins.ts";

/** All hooks, rules and combiners of this package, for `createRegistry`. */
export const plugins: readonly Plugin[] = [...scalingPlugins, ...continualPlugins, ...multiTaskPlugins];

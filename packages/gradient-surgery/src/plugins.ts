import type { Plugin } from "@graftjs/core";
import { conflictPlugins } from "./conflict/plugins.ts";
import { knowledgePlugins } from "./knowledge/plugins.ts";
import { magnitudePlugins } from "./magnitude/plugins.ts";

/** Everything of this package that a recipe can name. */
export const plugins: readonly Plugin[] = [...magnitudePlugins, ...knowledgePlugins, ...conflictPlugins];

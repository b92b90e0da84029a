import { definePlugin, type PluginOf } from "@graftjs/core";
import { progress } from "./observers/progress.ts";

/** The progress bar, for recipes: `"observers": ["progress"]`. */
export const progressPlugin: PluginOf<"observer", undefined> = definePlugin({
  kind: "observer",
  name: "progress",
  description: "Bar with time left, examples a second, rate and loss; plain lines where there is no terminal",
  create: () => progress(),
});

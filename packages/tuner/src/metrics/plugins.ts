import { definePlugin, type Plugin } from "@graftjs/core";
import { topK, topKOptions } from "./accuracy.ts";
import { METRICS } from "./metrics.ts";

/** The metrics, for recipes: `"metrics": ["accuracy", { "use": "topK", "with": { "k": 7 } }]`. */
export const metricPlugins: readonly Plugin[] = [
  ...METRICS.map(({ name, description, create }) => definePlugin({ kind: "metric", name, description, create })),
  definePlugin({
    kind: "metric",
    name: "topK",
    description: "Share of examples whose class is among the k highest predictions",
    options: topKOptions,
    create: ({ k }) => topK(k),
  }),
];

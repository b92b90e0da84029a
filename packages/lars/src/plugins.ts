import { definePlugin, type Plugin } from "@graftjs/core";
import { lars } from "./lars.ts";
import { larsOptions } from "./lars-options.ts";

const cancels =
  "Adam divides by the scale of each gradient, so the ratio cancels. Use the rule `lamb`, or `sgd` as the rule.";

/** What this package brings to a registry. */
export const plugins: readonly Plugin[] = [
  definePlugin({
    kind: "hook",
    name: "lars",
    description: "Scales each gradient by ‖w‖ / (‖g‖ + β‖w‖), layer by layer",
    options: larsOptions,
    conflicts: { adam: cancels, adamw: cancels },
    create: lars,
  }),
];

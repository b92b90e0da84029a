import { definePlugin, type Plugin } from "@graftjs/core";
import { lamb, lambc, lambOptions } from "./lamb.ts";
import { adamCancels, lars } from "./lars.ts";
import { larsMomentum, larsMomentumOptions } from "./lars-momentum.ts";
import { larsOptions } from "./lars-options.ts";

/** The hook and the rules of this package, for `createRegistry`. */
export const plugins: readonly Plugin[] = [
  definePlugin({
    kind: "hook",
    name: "lars",
    description: "Scales each gradient by ‖w‖ / (‖g‖ + β‖w‖), layer by layer",
    options: larsOptions,
    conflicts: adamCancels,
    create: lars,
  }),
  definePlugin({
    kind: "rule",
    name: "lars-momentum",
    description: "LARS with momentum, the complete optimizer, in six dialects",
    options: larsMomentumOptions,
    conflicts: { lars: "Both would scale by the ratio. Keep one of them." },
    create: larsMomentum,
  }),
  definePlugin({
    kind: "rule",
    name: "lamb",
    description: "Adam's direction scaled by ‖w‖ / ‖u‖, layer by layer",
    options: lambOptions,
    conflicts: { lars: "LAMB already scales by a ratio. Remove `lars`, or use the rule `sgd`." },
    create: lamb,
  }),
  definePlugin({
    kind: "rule",
    name: "lambc",
    description: "LAMB with a ratio of at most 1",
    options: lambOptions,
    conflicts: { lars: "LAMBC already scales by a ratio. Remove `lars`, or use the rule `sgd`." },
    create: lambc,
  }),
];

import {
  type AnyRule,
  definePlugin,
  type OptionSchema,
  type OptionsSchema,
  optionsSchema,
  type Plugin,
} from "@graftjs/core";
import { anchor, anchorOptions } from "./anchor.ts";
import { averageWithStart, averageWithStartOptions } from "./average-with-start.ts";
import { type DecoupledAnchorOptions, decoupledAnchor, decoupledAnchorOptions } from "./decoupled-anchor.ts";
import { type DriftCapOptions, driftCap, driftCapOptions } from "./drift-cap.ts";
import { ewc, ewcOptions } from "./ewc.ts";

/** The hooks, rules and callbacks that keep the knowledge of the pretrained model. */
export const continualPlugins: readonly Plugin[] = [
  definePlugin({
    kind: "hook",
    name: "anchor",
    description: "Pulls the weights towards their pretrained values (L2-SP)",
    options: anchorOptions,
    create: anchor,
  }),
  definePlugin({
    kind: "rule",
    name: "decoupled-anchor",
    description: "Adds a pull towards the pretrained weights to the step of a rule",
    options: withInnerRule<DecoupledAnchorOptions>(decoupledAnchorOptions),
    create: ({ rule, ...options }) => decoupledAnchor(rule, options),
  }),
  definePlugin({
    kind: "rule",
    name: "drift-cap",
    description: "Limits the distance of each layer from its pretrained weights, after the step of a rule",
    options: withInnerRule<DriftCapOptions>(driftCapOptions),
    create: ({ rule, ...options }) => driftCap(rule, options),
  }),
  definePlugin({
    kind: "hook",
    name: "ewc",
    description: "Pulls each weight towards its pretrained value as strongly as the old task needs it",
    options: ewcOptions,
    create: ewc,
  }),
  definePlugin({
    kind: "callback",
    name: "average-with-start",
    description: "Averages the weights at the end of a run with those at its start (WiSE-FT)",
    options: averageWithStartOptions,
    create: averageWithStart,
  }),
];

/** Adds the option `rule` to the options of a rule that wraps another one. The registry builds the inner rule. */
function withInnerRule<O extends object>({
  jsonSchema,
}: {
  readonly jsonSchema: OptionSchema;
}): OptionsSchema<O & { readonly rule: AnyRule }> {
  const properties = { ...jsonSchema.properties, rule: { plugin: "rule", description: "The rule inside" } };
  return optionsSchema<O & { readonly rule: AnyRule }>(properties as never, ["rule"]);
}

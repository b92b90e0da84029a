import {
  type AnyRule,
  definePlugin,
  type OptionSchema,
  type OptionsSchema,
  optionsSchema,
  type Plugin,
} from "@graftjs/core";
import { anchor, anchorOptions } from "./anchor.ts";
import { type DecoupledAnchorOptions, decoupledAnchor, decoupledAnchorOptions } from "./decoupled-anchor.ts";
import { type DriftCapOptions, driftCap, driftCapOptions } from "./drift-cap.ts";
import { ewc, ewcOptions } from "./ewc.ts";

/** Rules that keep what the model knew. */
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
    description: "A rule, and beside its step a pull towards the pretrained weights",
    options: around<DecoupledAnchorOptions>(decoupledAnchorOptions),
    create: ({ rule, ...options }) => decoupledAnchor(rule, options),
  }),
  definePlugin({
    kind: "rule",
    name: "drift-cap",
    description: "A rule, after whose step no layer is farther than a radius from its pretrained weights",
    options: around<DriftCapOptions>(driftCapOptions),
    create: ({ rule, ...options }) => driftCap(rule, options),
  }),
  definePlugin({
    kind: "hook",
    name: "ewc",
    description: "Holds each weight as firmly as the old task needs it",
    options: ewcOptions,
    create: ewc,
  }),
];

/** The options of a rule around a rule, with the rule inside, which the registry builds. */
function around<O extends object>({
  jsonSchema,
}: {
  readonly jsonSchema: OptionSchema;
}): OptionsSchema<O & { readonly rule: AnyRule }> {
  const properties = { ...jsonSchema.properties, rule: { plugin: "rule", description: "The rule inside" } };
  return optionsSchema<O & { readonly rule: AnyRule }>(properties as never, ["rule"]);
}

import type { AnyHook, AnyRule } from "./hook.ts";
import { conditionally } from "./hooks/conditionally.ts";
import { partition } from "./hooks/partition.ts";
import { probe, probeUpdate } from "./hooks/probe.ts";
import { type OptionsSchema, optionsSchema } from "./options.ts";
import { definePlugin, type Plugin } from "./plugin.ts";
import { type DecoupledWeightDecayOptions, decoupledWeightDecay } from "./rules/decoupled-weight-decay.ts";
import type { Selector } from "./select.ts";

interface Conditionally {
  readonly hook: AnyHook;
  readonly every: number;
  readonly offset?: number;
}
interface Partition {
  readonly hooks: { readonly [label: string]: AnyHook };
  readonly labels: { readonly [label: string]: Selector };
}
interface Decoupled extends DecoupledWeightDecayOptions {
  readonly rule: AnyRule;
}

const conditionallyOptions: OptionsSchema<Conditionally> = optionsSchema<Conditionally>(
  {
    hook: { description: "The hook" },
    every: { type: "integer", minimum: 1, description: "It acts every so many steps" },
    offset: { type: "integer", minimum: 0, default: 0, description: "First step on which it acts" },
  },
  ["hook", "every"],
);
const partitionOptions: OptionsSchema<Partition> = optionsSchema<Partition>(
  {
    hooks: { type: "object", description: "Label → hook" },
    labels: { type: "object", description: "Label → selector; the first that matches counts" },
  },
  ["hooks", "labels"],
);
const probeOptions: OptionsSchema<{ name: string }> = optionsSchema<{ name: string }>(
  { name: { type: "string", description: "Name of the probe, first part of its readings" } },
  ["name"],
);
const probeUpdateOptions: OptionsSchema<{ rule: AnyRule }> = optionsSchema<{ rule: AnyRule }>(
  { rule: { description: "The rule" } },
  ["rule"],
);
const decoupledOptions: OptionsSchema<Decoupled> = optionsSchema<Decoupled>(
  {
    rule: { description: "The rule beside which the weights decay" },
    weightDecay: { type: "number", minimum: 0, description: "λ in w ← w − γ·λ·w" },
    on: { description: "Selector of the parameters that decay; those of more than one dimension by default" },
  },
  ["rule", "weightDecay"],
);

/** Plugins around other plugins, and the probe. */
export const nestingPlugins: readonly Plugin[] = [
  definePlugin({
    kind: "hook",
    name: "conditionally",
    description: "A hook on some steps only",
    options: conditionallyOptions,
    nests: { hook: "hook" },
    create: ({ hook, every, offset = 0 }) => conditionally(hook, { every, offset }),
  }),
  definePlugin({
    kind: "hook",
    name: "partition",
    description: "One hook for each group of parameters",
    options: partitionOptions,
    nestsEach: { hooks: "hook" },
    create: ({ hooks, labels }) => partition(hooks, labels),
  }),
  definePlugin({
    kind: "hook",
    name: "probe",
    description: "Norms of gradient and parameter where it stands",
    options: probeOptions,
    create: ({ name }) => probe(name),
  }),
  definePlugin({
    kind: "rule",
    name: "probe-update",
    description: "A rule, and the norm of its update",
    options: probeUpdateOptions,
    nests: { rule: "rule" },
    create: ({ rule }) => probeUpdate(rule),
  }),
  definePlugin({
    kind: "rule",
    name: "decoupled-weight-decay",
    description: "A rule, and decoupled weight decay beside it",
    options: decoupledOptions,
    nests: { rule: "rule" },
    create: ({ rule, weightDecay, on }) =>
      decoupledWeightDecay(rule, { weightDecay, ...(on === undefined ? {} : { on }) }),
  }),
];

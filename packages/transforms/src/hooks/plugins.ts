import {
  type AnyHook,
  type AnyRule,
  definePlugin,
  type OptionsSchema,
  optionsSchema,
  type Plugin,
  type Selector,
} from "@graftjs/core";
import {
  type DecoupledWeightDecayOptions,
  decoupledWeightDecay,
  decoupledWeightDecayProperties,
} from "../rules/decoupled-weight-decay.ts";
import { rmsprop, rmspropOptions } from "../rules/rmsprop.ts";
import {
  scheduleFreeAdamw,
  scheduleFreeAdamwOptions,
  scheduleFreeSgd,
  scheduleFreeSgdOptions,
} from "../rules/schedule-free.ts";
import { updateIfFinite } from "../rules/update-if-finite.ts";
import { accumulate, accumulateOptions } from "./accumulate.ts";
import { addDecayedWeights, addDecayedWeightsOptions } from "./add-decayed-weights.ts";
import { applyIfFinite, applyIfFiniteOptions } from "./apply-if-finite.ts";
import { conditionally } from "./conditionally.ts";
import { ema, emaOptions } from "./ema.ts";
import { gradientStats, updateStats } from "./gradient-stats.ts";
import { partition } from "./partition.ts";

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

const conditionallyOptions: OptionsSchema<Conditionally, "offset"> = optionsSchema<Conditionally, "offset">(
  {
    hook: { plugin: "hook", description: "The hook" },
    every: { type: "integer", minimum: 1, description: "Number of steps between two uses of the hook" },
    offset: { type: "integer", minimum: 0, default: 0, description: "First step in which the hook acts" },
  },
  ["hook", "every"],
);
const partitionOptions: OptionsSchema<Partition> = optionsSchema<Partition>(
  {
    hooks: { type: "object", additionalProperties: { plugin: "hook" }, description: "Label → hook" },
    labels: { type: "object", description: "Label → selector; the first one that matches counts" },
  },
  ["hooks", "labels"],
);
const gradientStatsOptions: OptionsSchema<{ name: string }> = optionsSchema<{ name: string }>(
  { name: { type: "string", description: "Name of the hook, and first part of its readings" } },
  ["name"],
);
const updateIfFiniteOptions: OptionsSchema<{ rule: AnyRule }> = optionsSchema<{ rule: AnyRule }>(
  { rule: { plugin: "rule", description: "The rule whose update is checked" } },
  ["rule"],
);
const updateStatsOptions: OptionsSchema<{ rule: AnyRule }> = optionsSchema<{ rule: AnyRule }>(
  { rule: { plugin: "rule", description: "The rule" } },
  ["rule"],
);
const decoupledOptions: OptionsSchema<Decoupled> = optionsSchema<Decoupled>(
  {
    rule: { plugin: "rule", description: "The rule to which decay is added" },
    ...decoupledWeightDecayProperties,
  },
  ["rule", "weightDecay"],
);

/** Hooks and rules as plugins. */
export const hookPlugins: readonly Plugin[] = [
  definePlugin({
    kind: "hook",
    name: "accumulate",
    description: "Averages several gradients into one step",
    options: accumulateOptions,
    create: accumulate,
  }),
  definePlugin({
    kind: "hook",
    name: "add-decayed-weights",
    description: "Coupled weight decay (L2)",
    options: addDecayedWeightsOptions,
    create: addDecayedWeights,
  }),
  definePlugin({
    kind: "hook",
    name: "apply-if-finite",
    description: "Skips steps whose gradient is NaN or infinite",
    options: applyIfFiniteOptions,
    create: applyIfFinite,
  }),
  definePlugin({
    kind: "hook",
    name: "conditionally",
    description: "Applies a hook in some steps only",
    options: conditionallyOptions,
    create: ({ hook, every, offset }) => conditionally(hook, { every, offset }),
  }),
  definePlugin({
    kind: "hook",
    name: "ema",
    description: "Moving average of the parameters",
    options: emaOptions,
    create: ema,
  }),
  definePlugin({
    kind: "hook",
    name: "gradient-stats",
    description: "Measures the norms of gradient and parameter at its place among the hooks",
    options: gradientStatsOptions,
    create: ({ name }) => gradientStats(name),
  }),
  definePlugin({
    kind: "hook",
    name: "partition",
    description: "Applies one hook to each group of parameters",
    options: partitionOptions,
    create: ({ hooks, labels }) => partition(hooks, labels),
  }),
  definePlugin({
    kind: "rule",
    name: "rmsprop",
    description: "Divides by a moving root mean square of the gradient",
    options: rmspropOptions,
    create: rmsprop,
  }),
  definePlugin({
    kind: "rule",
    name: "schedule-free-sgd",
    description: "SGD that averages its weights instead of lowering the rate, so the run needs no length",
    options: scheduleFreeSgdOptions,
    create: scheduleFreeSgd,
  }),
  definePlugin({
    kind: "rule",
    name: "schedule-free-adamw",
    description: "AdamW that averages its weights instead of lowering the rate, so the run needs no length",
    options: scheduleFreeAdamwOptions,
    create: scheduleFreeAdamw,
  }),
  definePlugin({
    kind: "rule",
    name: "decoupled-weight-decay",
    description: "Adds decoupled weight decay to a rule",
    options: decoupledOptions,
    create: ({ rule, weightDecay, on }) =>
      decoupledWeightDecay(rule, { weightDecay, ...(on === undefined ? {} : { on }) }),
  }),
  definePlugin({
    kind: "rule",
    name: "update-if-finite",
    description: "Leaves out updates that would make a weight infinite or NaN",
    options: updateIfFiniteOptions,
    create: ({ rule }) => updateIfFinite(rule),
  }),
  definePlugin({
    kind: "rule",
    name: "update-stats",
    description: "Measures the norm of a rule's update",
    options: updateStatsOptions,
    create: ({ rule }) => updateStats(rule),
  }),
];

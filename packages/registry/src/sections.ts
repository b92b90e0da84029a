import { type OptionSchema, type PluginKind, RecipeError } from "@graftjs/core";
import type { Kind } from "./kinds.ts";

/** One key of a recipe. Sections act in their order. */
export interface Section {
  readonly key: string;
  readonly schema: OptionSchema;
  /** Kind whose parts `explain` lists here. */
  readonly kind?: PluginKind;
  /** Heading in `explain`, and description for editors. */
  readonly title: string;
  /** The recipe needs this key. The text is the fix in the error. */
  readonly required?: string;
  /** Set for sections of kinds that packages add. */
  readonly added?: Kind;
}

const list = (plugin: PluginKind): OptionSchema => ({ type: "array", items: { plugin } });

/** The sections of every recipe, in the order in which they act. */
const OWN: readonly Section[] = [
  { key: "$schema", schema: { type: "string" }, title: "JSON Schema of recipes, for editors" },
  {
    key: "plugins",
    schema: { type: "array", items: { type: "string" } },
    title: "Packages that contain the plugins",
  },
  {
    key: "backends",
    kind: "backend",
    schema: list("backend"),
    title: "backends: the first one that can do the job computes",
  },
  { key: "trainable", schema: {}, title: "Parameters to train" },
  {
    key: "patches",
    kind: "patch",
    schema: list("patch"),
    title: "patches: applied to the model before the first step and undone after the last",
  },
  {
    key: "combiner",
    kind: "combiner",
    schema: { plugin: "combiner" },
    title: "combiner: first in a step, because hooks see only one gradient",
  },
  {
    key: "hooks",
    kind: "hook",
    schema: list("hook"),
    title: "hooks: in this order, each gets the result of the one above",
  },
  {
    key: "rule",
    kind: "rule",
    schema: { plugin: "rule" },
    title: "rule: last, turns the gradient into the update",
    required: 'Give one: "rule": { "use": "sgd", "with": { "momentum": 0.9 } }.',
  },
  {
    key: "learningRate",
    kind: "schedule",
    schema: { plugin: "schedule" },
    title: "learning rate: read once at the start of a step and shown to every hook",
    required: 'Give a number, or { "use": "warmup-cosine", "with": { ... } }.',
  },
  {
    key: "rateMultipliers",
    schema: {
      type: "array",
      items: {
        type: "object",
        properties: {
          params: { description: "Selector of the parameters" },
          factor: { plugin: "schedule", description: "A number, or a schedule" },
        },
        required: ["params", "factor"],
        additionalProperties: false,
      },
    },
    title: "Factors on the rate of some parameters",
  },
  {
    key: "callbacks",
    kind: "callback",
    schema: list("callback"),
    title: "callbacks: between steps and epochs, they may stop the run, write weights or scale the rate",
  },
  {
    key: "observers",
    kind: "observer",
    schema: list("observer"),
    title: "observers: after the step, they watch and change nothing",
  },
];

/**
 * Returns the sections of a recipe: the own ones, those of added kinds, and `run`.
 *
 * @param run schema of the `run` section. @default any value
 * @throws RecipeError if two kinds want one key.
 */
export function sectionsOf(kinds: readonly Kind[], run: OptionSchema = {}): readonly Section[] {
  const added = kinds.flatMap((kind): Section[] =>
    kind.key === undefined
      ? []
      : [
          {
            key: kind.key,
            kind: kind.defines,
            schema: kind.schema ?? list(kind.defines),
            title: kind.title,
            added: kind,
          },
        ],
  );
  const sections = [...OWN, ...added, { key: "run", schema: run, title: "Model, data, epochs" }];
  const keys = sections.map(({ key }) => key);
  const twice = keys.filter((key, i) => keys.indexOf(key) !== i);
  if (twice.length > 0) {
    throw new RecipeError(
      `Two kinds want the recipe key \`${twice[0]}\`.`,
      "Rename the key of one kind, or leave one package out.",
    );
  }
  return sections;
}

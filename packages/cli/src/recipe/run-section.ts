import { type OptionSchema, optionsSchema, RecipeError } from "@graftjs/core";
import { type JsonSelector, jsonOptions, type Use } from "@graftjs/registry";
import type { FineTuneOptions } from "@graftjs/tuner";
import type { ModelUse } from "./model-path.ts";

/** A new dense head, which replaces all layers after a given one. */
export interface HeadSection {
  /**
   * Name of the layer whose output the head reads. Feature maps are first averaged over height and width.
   * @default the layer before the last layer with parameters
   */
  readonly after?: string;
  /** @default the number of classes of the data, if the data source names them */
  readonly units?: number;
  /** @default "softmax" */
  readonly activation?: string;
  /** @default "head" */
  readonly name?: string;
}

/** The keys of the `run` section that only the command reads. Paths are relative to the recipe's file. */
export interface CommandSection {
  /** Path of the model's file, or the path together with the name of its format. */
  readonly model: ModelUse;
  /** @default the model's own outputs */
  readonly head?: HeadSection;
  /** Names of the nodes that the loss reads. Only for a GraphModel. @default the model's outputs */
  readonly outputs?: readonly string[];
  /**
   * Path of a .safetensors file with `xs` and `ys` (and `val_xs`, `val_ys`), or of a module whose default export returns them;
   * or a data source with its options.
   */
  readonly data: Use;
  /** Path that the delta is saved to. @default "delta.safetensors" */
  readonly output?: string;
}

/** A checked `run` section with its defaults: the command's own keys, and options of `fineTune`. Its plugins are not built yet. */
export interface RunSection extends CommandSection {
  readonly output: string;
  readonly seed: number;
  readonly unfreeze: readonly { readonly epoch: number; readonly trainable: JsonSelector }[];
  readonly [option: string]: unknown;
}

const text: OptionSchema = { type: "string" };

const model: OptionSchema = {
  anyOf: [
    text,
    {
      type: "object",
      properties: { path: text, format: { plugin: "model-format" } },
      required: ["path", "format"],
      additionalProperties: false,
    },
  ],
  description: "Path or address of the model's file (model.json, .keras, .h5), or its path and format",
};

const data: OptionSchema = {
  anyOf: [text, { plugin: "data-source" }],
  description: "Path of a .safetensors file or of a module, or a data source with its options",
};

const own: { readonly [K in keyof Required<CommandSection>]: OptionSchema } = {
  model,
  head: {
    type: "object",
    properties: { after: text, units: { type: "integer", minimum: 1 }, activation: text, name: text },
    additionalProperties: false,
    description: "A new dense head, by default with one unit for each class of the data.",
  },
  outputs: {
    type: "array",
    items: text,
    description: "Names of the nodes that the loss reads. Only for a GraphModel",
  },
  data,
  output: { ...text, default: "delta.safetensors", description: "Path that the delta is saved to" },
};

/** Options of `fineTune` that have a place of their own in a recipe or on the command line. */
const ELSEWHERE: ReadonlySet<string> = new Set<keyof FineTuneOptions>([
  ...([
    "trainable",
    "patches",
    "hooks",
    "rule",
    "learningRate",
    "rateMultipliers",
    "combiner",
    "callbacks",
    "observers",
  ] as const),
  "checkpoint",
]);

/** Returns the schema of the `run` section, made from that of `fineTune`'s options. The registry builds the plugins in it. */
export async function runSchema(): Promise<OptionSchema> {
  // The tuner takes about a second to load, and most commands do not need it.
  const { fineTuneOptions } = await import("@graftjs/tuner");
  const { effortSettings } = await import("@graftjs/presets");
  const { properties = {}, required = [] } = fineTuneOptions.jsonSchema;
  const shared = Object.entries(properties).filter(([key, { codeOnly }]) => !codeOnly && !ELSEWHERE.has(key));
  const options = {
    ...Object.fromEntries(shared),
    ...effortSettings.jsonSchema.properties,
    loss: { ...properties.loss, default: "categoricalCrossentropy" },
  };
  return {
    type: "object",
    properties: { ...options, ...own },
    required: ["model", "data", ...required.filter((key) => key !== "loss" && Object.hasOwn(options, key))],
    additionalProperties: false,
  };
}

/**
 * Checks a recipe's `run` section and fills its defaults. The registry checks the plugins in it.
 *
 * @throws RecipeError with every problem
 */
export async function readRunSection(section: unknown): Promise<RunSection> {
  const { properties = {}, required = [] } = jsonOptions(await runSchema());
  const result = await optionsSchema<Record<string, unknown>>(properties, required)["~standard"].validate(
    section ?? {},
  );
  if (!result.issues) return result.value as unknown as RunSection;
  const problems = result.issues.map(({ message }) => message);
  throw new RecipeError(`The recipe's \`run\` has ${problems.length} problem(s).`, problems.join("\n"));
}

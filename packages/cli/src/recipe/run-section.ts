import { type OptionSchema, type OptionsSchema, optionsSchema, RecipeError } from "@graftjs/core";
import type { JsonSelector, Use } from "@graftjs/registry";
import type {
  CacheOptions,
  EarlyStoppingOptions,
  EmaOptions,
  GuardOptions,
  ReduceOnPlateauOptions,
} from "@graftjs/tuner";
import { type AugmentUse, augmentProblems, augmentSchema } from "./augments.ts";
import type { ModelUse } from "./model-path.ts";

/** A new dense head, which replaces all layers after a given one. */
export interface HeadSection {
  /** Name of the layer whose output the head reads. Feature maps are first averaged over height and width. */
  readonly after: string;
  readonly units: number;
  /** @default "softmax" */
  readonly activation?: string;
  /** @default "head" */
  readonly name?: string;
}

/**
 * The `run` section of a recipe: model, data and the options of `fineTune`. A property without a comment is the option of
 * `fineTune` with the same name. Paths are relative to the recipe's file.
 */
export interface RunSection {
  /** Path of the model's file, or the path together with the name of its format. */
  readonly model: ModelUse;
  /** Only for a LayersModel. @default the model's own output layers */
  readonly head?: HeadSection;
  /** Names of the nodes that the loss reads. Only for a GraphModel. @default the model's outputs */
  readonly outputs?: readonly string[];
  /**
   * Path of a .safetensors file with `xs` and `ys` (and `val_xs`, `val_ys`), or of a module whose default export returns them;
   * or a data source with its options.
   */
  readonly data: Use;
  /** @default "categoricalCrossentropy" */
  readonly loss?: string;
  readonly metrics?: readonly string[];
  readonly epochs: number;
  readonly maxSteps?: number;
  /** @default 32 */
  readonly batchSize?: number;
  readonly accumulate?: number;
  /** @default 0 */
  readonly seed?: number;
  readonly shuffle?: boolean;
  readonly prefetch?: number;
  readonly unfreeze?: readonly { readonly epoch: number; readonly trainable: JsonSelector }[];
  /** `"flip"`, or `{ "use": "shift", "with": { "by": 4 } }`. */
  readonly augment?: readonly AugmentUse[];
  readonly views?: number;
  readonly mixup?: number;
  readonly classWeights?: readonly number[];
  /** `store` is a folder. @default "memory" */
  readonly cache?: "memory" | false | (Omit<CacheOptions, "store"> & { readonly store?: string });
  /** Standard deviation of the normal noise that is added to trained weights in each forward pass. @default no noise */
  readonly weightNoise?: number;
  readonly guard?: GuardOptions;
  readonly earlyStopping?: EarlyStoppingOptions;
  readonly reduceOnPlateau?: ReduceOnPlateauOptions;
  readonly ema?: EmaOptions;
  /** Path that the delta is saved to. @default "delta.safetensors" */
  readonly output?: string;
}

const text: OptionSchema = { type: "string" };
const count: OptionSchema = { type: "integer", minimum: 1 };
const mode: OptionSchema = { enum: ["min", "max"] };

function object<O extends object>(
  properties: { readonly [K in keyof Required<O>]: OptionSchema },
  required: readonly string[] = [],
): OptionSchema {
  return { type: "object", properties, required, additionalProperties: false };
}

const head = object<HeadSection>({ after: text, units: count, activation: text, name: text }, ["after", "units"]);

/** A plugin by name, with its options. The registry checks both. */
const use: OptionSchema = {
  type: "object",
  properties: { use: text, with: { type: "object" } },
  required: ["use"],
  additionalProperties: false,
};

const model: OptionSchema = {
  anyOf: [
    text,
    {
      type: "object",
      properties: { path: text, format: { anyOf: [text, use] } },
      required: ["path", "format"],
      additionalProperties: false,
    },
  ],
  description: "Path of the model's file (model.json, .keras, .h5), or its path and format",
};

const data: OptionSchema = {
  anyOf: [text, use],
  description: "Path of a .safetensors file or of a module, or a data source with its options",
};

const unfreeze = object<{ epoch: number; trainable: JsonSelector }>(
  {
    epoch: count,
    trainable: { description: "Parameters that are also trained from this epoch on: a glob, or a list of globs" },
  },
  ["epoch", "trainable"],
);

const guard = object<GuardOptions>({
  policy: { enum: ["throw", "skip", "rollback"], default: "throw" },
  spike: { type: "number", exclusiveMinimum: 1 },
  snapshotEvery: { ...count, default: 50 },
  patience: { type: "integer", minimum: 0, default: 10 },
});

const earlyStopping = object<EarlyStoppingOptions>({
  ...{ monitor: text, patience: { ...count, default: 3 }, minDelta: { type: "number", default: 0 }, mode },
  restoreBest: { type: "boolean", default: true },
});

const reduceOnPlateau = object<ReduceOnPlateauOptions>({
  ...{ monitor: text, patience: { ...count, default: 3 }, minDelta: { type: "number", default: 1e-4 }, mode },
  factor: { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1, default: 0.1 },
  cooldown: { type: "integer", minimum: 0, default: 0 },
  minFactor: { type: "number", minimum: 0, maximum: 1, default: 1e-4 },
});

const ema = object<EmaOptions>({ decay: { type: "number", minimum: 0, exclusiveMaximum: 1, default: 0.999 } });

const cacheFolder = object<CacheOptions>({ store: text, precision: { enum: ["float32", "float16"] } });

/** Schema of the section. It checks recipes, and editors complete from it. */
export const runSection: OptionsSchema<
  RunSection,
  "loss" | "batchSize" | "accumulate" | "seed" | "shuffle" | "mixup" | "cache" | "output"
> = optionsSchema<RunSection, "loss" | "batchSize" | "accumulate" | "seed" | "shuffle" | "mixup" | "cache" | "output">(
  {
    model,
    head: { ...head, description: "A new dense head. Only for a LayersModel" },
    outputs: {
      type: "array",
      items: text,
      description: "Names of the nodes that the loss reads. Only for a GraphModel",
    },
    data,
    loss: { ...text, default: "categoricalCrossentropy" },
    metrics: { type: "array", items: text },
    epochs: count,
    maxSteps: { ...count, description: "Largest number of steps; the run ends after it" },
    batchSize: { ...count, default: 32 },
    accumulate: { ...count, default: 1, description: "Batches whose gradients are averaged into one step" },
    seed: { type: "integer", minimum: 0, default: 0 },
    shuffle: { type: "boolean", default: true },
    prefetch: { type: "integer", minimum: 0, description: "Number of steps whose batches are prepared in advance" },
    unfreeze: { type: "array", items: unfreeze, description: "Parameters that are trained only from a later epoch on" },
    augment: { type: "array", description: "Augmentations of the training examples, applied in order" },
    views: {
      ...count,
      description: "Number of augmented views per example. A fixed number lets the trunk's outputs be cached",
    },
    mixup: { type: "number", minimum: 0, default: 0 },
    classWeights: { type: "array", items: { type: "number", minimum: 0 } },
    cache: { anyOf: [{ enum: ["memory", false] }, cacheFolder], default: "memory" },
    weightNoise: {
      type: "number",
      exclusiveMinimum: 0,
      description: "Standard deviation of the noise on trained weights",
    },
    guard: { ...guard, description: "How the run reacts if a loss or gradient is not finite, or if the loss jumps" },
    earlyStopping: { ...earlyStopping, description: "Ends the run when its metric no longer improves" },
    reduceOnPlateau: { ...reduceOnPlateau, description: "Lowers the learning rate when the metric no longer improves" },
    ema: { ...ema, description: "Moving average of the trained weights" },
    output: { ...text, default: "delta.safetensors" },
  },
  ["model", "data", "epochs"],
);

/** JSON Schema of the section for editors, with the options of every augmentation. An error message would list all of them. */
export const runSchema: OptionSchema = {
  ...runSection.jsonSchema,
  properties: {
    ...runSection.jsonSchema.properties,
    augment: { ...runSection.jsonSchema.properties?.augment, items: augmentSchema },
  },
};

/** Checks a recipe's `run` section. @throws RecipeError with every problem */
export function readRunSection(section: unknown): RunSection {
  const result = runSection["~standard"].validate(section ?? {});
  if (result instanceof Promise) throw new TypeError("The schema of `run` is synchronous.");
  const { augment } = Object(section) as { augment?: unknown };
  const problems = [
    ...(result.issues ?? []).map(({ message }) => message),
    ...(Array.isArray(augment) ? augmentProblems(augment) : []),
  ];
  if (!result.issues && problems.length === 0) return result.value;
  throw new RecipeError(`The recipe's \`run\` has ${problems.length} problem(s).`, problems.join("\n"));
}

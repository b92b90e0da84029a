import { type JsonSelector, type OptionSchema, type OptionsSchema, optionsSchema, RecipeError } from "@graftjs/core";
import type {
  CacheOptions,
  EarlyStoppingOptions,
  EmaOptions,
  GuardOptions,
  ReduceOnPlateauOptions,
} from "@graftjs/tuner";
import { type AugmentUse, augmentProblems, augmentSchema } from "./augments.ts";

/** A new dense head in place of what stood behind a layer. */
export interface HeadSection {
  /** Name of the layer whose output the head takes; feature maps are averaged over space first. */
  readonly after: string;
  readonly units: number;
  /** @default "softmax" */
  readonly activation?: string;
  /** @default "head" */
  readonly name?: string;
}

/**
 * The `run` part of a recipe: what `graft` needs beyond the composition. Paths are relative to the recipe. What is not described
 * here is the option of the same name of `fineTune`.
 */
export interface RunSection {
  /** model.json of a LayersModel, or of a GraphModel. */
  readonly model: string;
  /** Of a LayersModel. */
  readonly head?: HeadSection;
  /** Nodes that the loss reads, of a GraphModel. @default the model's outputs */
  readonly outputs?: readonly string[];
  /** A .safetensors file with `xs` and `ys` (and `val_xs`, `val_ys`), or a module whose default export returns them. */
  readonly data: string;
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
  /** `"memory"`, `false`, or a folder for `store`. @default "memory" */
  readonly cache?: "memory" | false | (Omit<CacheOptions, "store"> & { readonly store?: string });
  /** Standard deviation of normal noise on the trained weights during each forward pass. @default none */
  readonly weightNoise?: number;
  readonly guard?: GuardOptions;
  readonly earlyStopping?: EarlyStoppingOptions;
  readonly reduceOnPlateau?: ReduceOnPlateauOptions;
  readonly ema?: EmaOptions;
  /** Where the delta goes. @default "delta.safetensors" */
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

const unfreeze = object<{ epoch: number; trainable: JsonSelector }>(
  { epoch: count, trainable: { description: "Parameters that are trained as well from then on: a glob, or several" } },
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

/** Schema of the section, for editors and for checking. */
export const runSection: OptionsSchema<RunSection> = optionsSchema<RunSection>(
  {
    model: { ...text, description: "model.json of a LayersModel or a GraphModel" },
    head: { ...head, description: "A new dense head, on a LayersModel" },
    outputs: { type: "array", items: text, description: "Nodes of a GraphModel that the loss reads" },
    data: { ...text, description: ".safetensors file or module" },
    loss: { ...text, default: "categoricalCrossentropy" },
    metrics: { type: "array", items: text },
    epochs: count,
    maxSteps: { ...count, description: "Ends the run after so many steps" },
    batchSize: { ...count, default: 32 },
    accumulate: { ...count, default: 1, description: "Batches whose gradients are averaged into one step" },
    seed: { type: "integer", minimum: 0, default: 0 },
    shuffle: { type: "boolean", default: true },
    prefetch: { type: "integer", minimum: 0, description: "Updates whose batches are prepared ahead" },
    unfreeze: { type: "array", items: unfreeze, description: "What is trained as well from an epoch on" },
    augment: { type: "array", description: "Changes to the inputs of training examples, in order" },
    views: { ...count, description: "Augmented views of an example, which lets the trunk be cached" },
    mixup: { type: "number", minimum: 0, default: 0 },
    classWeights: { type: "array", items: { type: "number", minimum: 0 } },
    cache: { anyOf: [{ enum: ["memory", false] }, cacheFolder], default: "memory" },
    weightNoise: { type: "number", exclusiveMinimum: 0, description: "Deviation of the noise on trained weights" },
    guard: { ...guard, description: "What happens when a loss or gradient is not finite, or jumps" },
    earlyStopping: { ...earlyStopping, description: "Ends a run that no longer gets better" },
    reduceOnPlateau: { ...reduceOnPlateau, description: "Lowers the rate when the run stops getting better" },
    ema: { ...ema, description: "Averages the trained weights" },
    output: { ...text, default: "delta.safetensors" },
  },
  ["model", "data", "epochs"],
);

/** The same with every augmentation's options, which would be ten alternatives in a message. */
export const runSchema: OptionSchema = {
  ...runSection.jsonSchema,
  properties: {
    ...runSection.jsonSchema.properties,
    augment: { ...runSection.jsonSchema.properties?.augment, items: augmentSchema },
  },
};

/** @throws RecipeError with every problem of the section. */
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

import { type OptionsSchema, optionsSchema, RecipeError } from "@graftjs/core";

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

/** The `run` part of a recipe: what `graft` needs beyond the composition. Paths are relative to the recipe. */
export interface RunSection {
  /** model.json of a LayersModel. */
  readonly model: string;
  readonly head?: HeadSection;
  /** A .safetensors file with `xs` and `ys` (and `val_xs`, `val_ys`), or a module whose default export returns them. */
  readonly data: string;
  /** @default "categoricalCrossentropy" */
  readonly loss?: string;
  readonly metrics?: readonly string[];
  readonly epochs: number;
  /** @default 32 */
  readonly batchSize?: number;
  /** @default 0 */
  readonly seed?: number;
  /** Standard deviation of normal noise on the trained weights during each forward pass. @default none */
  readonly weightNoise?: number;
  /** Where the delta goes. @default "delta.safetensors" */
  readonly output?: string;
}

const head = {
  type: "object",
  properties: {
    after: { type: "string" },
    units: { type: "integer", minimum: 1 },
    activation: { type: "string" },
    name: { type: "string" },
  },
  required: ["after", "units"],
  additionalProperties: false,
} as const;

/** Schema of the section, for editors and for checking. */
export const runSection: OptionsSchema<RunSection> = optionsSchema<RunSection>(
  {
    model: { type: "string", description: "model.json of a LayersModel" },
    head: { ...head, description: "A new dense head" },
    data: { type: "string", description: ".safetensors file or module" },
    loss: { type: "string", default: "categoricalCrossentropy" },
    metrics: { type: "array", items: { type: "string" } },
    epochs: { type: "integer", minimum: 1 },
    batchSize: { type: "integer", minimum: 1, default: 32 },
    seed: { type: "integer", minimum: 0, default: 0 },
    weightNoise: { type: "number", exclusiveMinimum: 0, description: "Deviation of the noise on trained weights" },
    output: { type: "string", default: "delta.safetensors" },
  },
  ["model", "data", "epochs"],
);

/** @throws RecipeError with every problem of the section. */
export function readRunSection(section: unknown): RunSection {
  const result = runSection["~standard"].validate(section ?? {});
  if (result instanceof Promise) throw new TypeError("The schema of `run` is synchronous.");
  if (!result.issues) return result.value;
  throw new RecipeError(
    `The recipe's \`run\` has ${result.issues.length} problem(s).`,
    result.issues.map(({ message }) => message).join("\n"),
  );
}

import { didYouMean, type OptionSchema, type OptionsSchema, optionsSchema } from "@graftjs/core";
import type * as tuner from "@graftjs/tuner";

/** An augmentation as a recipe writes it: its name, or its name with options. */
export type AugmentUse = string | { readonly use: string; readonly with?: object };

const share: OptionSchema = { type: "number", minimum: 0, maximum: 1 };
const amount: OptionSchema = { type: "number", minimum: 0, default: 0 };

interface Entry {
  readonly options: OptionsSchema<object>;
  readonly create: (from: typeof tuner, options: never) => tuner.Augment;
}

/** The tuner's augmentations, by the names of the functions that make them. */
const AUGMENTS: Readonly<Record<string, Entry>> = {
  flip: {
    options: optionsSchema<tuner.FlipOptions>({
      direction: { enum: ["horizontal", "vertical"], default: "horizontal" },
      probability: { ...share, default: 0.5 },
    }),
    create: ({ flip }, options: tuner.FlipOptions) => flip(options),
  },
  shift: {
    options: optionsSchema<tuner.ShiftOptions>({ by: { type: "integer", minimum: 0 }, fill: { type: "number" } }, [
      "by",
    ]),
    create: ({ shift }, options: tuner.ShiftOptions) => shift(options),
  },
  crop: {
    options: optionsSchema<tuner.CropOptions>({
      minArea: { type: "number", exclusiveMinimum: 0, maximum: 1, default: 0.5 },
      maxAspect: { type: "number", minimum: 1 },
    }),
    create: ({ crop }, options: tuner.CropOptions) => crop(options),
  },
  rotate: {
    options: optionsSchema<tuner.RotateOptions>({ degrees: { type: "number", minimum: 0 }, fill: { type: "number" } }, [
      "degrees",
    ]),
    create: ({ rotate }, options: tuner.RotateOptions) => rotate(options),
  },
  colour: {
    options: optionsSchema<tuner.ColourOptions>({ brightness: amount, contrast: amount, saturation: amount }),
    create: ({ colour }, options: tuner.ColourOptions) => colour(options),
  },
};

/** JSON Schema of one augmentation, for editors. */
export const augmentSchema: OptionSchema = {
  anyOf: Object.entries(AUGMENTS).flatMap(([name, { options }]): OptionSchema[] => [
    { enum: [name] },
    { type: "object", properties: { use: { enum: [name] }, with: options.jsonSchema }, required: ["use"] },
  ]),
};

/** Checks a recipe's augmentations. Returns one line per problem. */
export function augmentProblems(uses: readonly unknown[]): string[] {
  return uses.flatMap((given, i) => {
    const { use, with: options } = spelledOut(given);
    const entry = Object.hasOwn(AUGMENTS, use) ? AUGMENTS[use] : undefined;
    if (!entry)
      return [`augment[${i}]: no augmentation is named \`${use}\`. ${didYouMean(use, Object.keys(AUGMENTS))}`];
    const result = entry.options["~standard"].validate(options);
    if (result instanceof Promise) throw new TypeError("The schemas of augmentations are synchronous.");
    return (result.issues ?? []).map(({ message }) => `augment[${i}] \`${use}\`: ${message}`);
  });
}

/** Makes a recipe's augmentations, in the recipe's order. They must have been checked. */
export function augmentsOf(from: typeof tuner, uses: readonly AugmentUse[]): readonly tuner.Augment[] {
  return uses.map((given) => {
    const { use, with: options } = spelledOut(given);
    return (AUGMENTS[use] as Entry).create(from, options as never);
  });
}

function spelledOut(given: unknown): { readonly use: string; readonly with: object } {
  if (typeof given === "string") return { use: given, with: {} };
  const { use, with: options = {} } = Object(given) as { use?: unknown; with?: object };
  return { use: String(use), with: options };
}

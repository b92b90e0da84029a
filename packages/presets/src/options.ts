import {
  type OptionSchema,
  OptionsError,
  type OptionsSchema,
  optionsSchema,
  type Schedule,
  type Selector,
} from "@graftjs/core";
import type { FindLearningRateOptions, FineTuneOptions } from "@graftjs/tuner";

/** How much of the model is trained: only the head, the last quarter of the layers too, or all layers. */
export type Effort = "head" | "tail" | "full";

/** The options that this package adds to those of `fineTune`. */
export interface EffortSettings {
  /** How much of the model is trained. Every other option has a default that follows from it. */
  readonly effort: Effort;
  /** How much the old answers count, from 0 to 1. 1 changes the body of the model least. @default 0 */
  readonly keep?: number;
  /** Parameters of the head, which is trained first by itself, on cached features. `false` skips that. @default "head": the last layer that has parameters */
  readonly probe?: false | Selector;
  /** Share of the examples that validate, if `validation` is not given. 0: none, so no early stopping. @default 0.2 */
  readonly holdOut?: number;
  /** Share of the tuned weights in the average with those after the probe, from 0 to 1. @default follows from `keep` */
  readonly average?: number;
}

/** Options of a run by effort: every part that is left out is chosen. */
export interface EffortOptions extends EffortSettings, Omit<Partial<FineTuneOptions>, "data" | "learningRate"> {
  readonly data: FineTuneOptions["data"];
  /** A rate or schedule for the second stage; `"find"`, or the options of `findLearningRate`, searches before it. @default "find" */
  readonly learningRate?: number | Schedule | "find" | FindLearningRateOptions;
}

type Defaults = "keep" | "probe" | "holdOut";

/** Schema of {@link EffortSettings}: the only place of their bounds and defaults. */
export const effortSettings: OptionsSchema<EffortSettings, Defaults> = optionsSchema<EffortSettings, Defaults>(
  {
    effort: {
      enum: ["head", "tail", "full"],
      description:
        "How much is trained: the head, the last quarter of the layers too, or all. The other options follow",
    },
    keep: {
      type: "number",
      minimum: 0,
      maximum: 1,
      default: 0,
      description: "How much the old answers count, with `effort`",
    },
    probe: {
      default: "head",
      description:
        "Selector of the head, which `effort` trains first; false skips that. Default: the last layer with parameters",
    },
    holdOut: {
      type: "number",
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0.2,
      description: "Share of the examples that validate with `effort`, if the data have none that validate",
    },
    average: {
      type: "number",
      minimum: 0,
      maximum: 1,
      description: "Share of the tuned weights in their average with the weights after the probe. Default: by `keep`",
    },
  } satisfies { readonly [K in keyof EffortSettings]-?: OptionSchema },
  ["effort"],
);

/** The settings of this package with their defaults, and the options that are left for `fineTune`. */
export interface SplitOptions {
  readonly settings: ReturnType<typeof effortSettings.parse>;
  readonly given: Omit<EffortOptions, keyof EffortSettings>;
}

/** Divides options by effort into those of this package and those of `fineTune`. @throws OptionsError for wrong settings */
export function splitOptions(options: EffortOptions): SplitOptions {
  if (typeof options !== "object" || options === null)
    throw new OptionsError("The options are not an object.", 'Give at least { data, effort: "tail" }.');
  const { effort, keep, probe, holdOut, average, ...given } = options;
  const own = Object.entries({ effort, keep, probe, holdOut, average }).filter(([, value]) => value !== undefined);
  return { settings: effortSettings.parse("fineTune", Object.fromEntries(own) as unknown as EffortSettings), given };
}

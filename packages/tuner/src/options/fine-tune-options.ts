import { OptionsError, type OptionsSchema, optionsSchema, type Parsed } from "@graftjs/core";
import type { ParsedCache } from "../pipeline/cache/cache-options.ts";
import { type DataDefaults, type DataOptions, dataProperties } from "./data-options.ts";
import { defeatingOptions, unknownLosses } from "./defeating-options.ts";
import type { ParsedGuard } from "./guard-options.ts";
import { misshapenParts } from "./misshapen-parts.ts";
import { type TrainingDefaults, type TrainingOptions, trainingProperties } from "./training-options.ts";
import { type WatchDefaults, type WatchOptions, watchProperties } from "./watch-options.ts";

/** The options of `fineTune`. */
export interface FineTuneOptions extends DataOptions, TrainingOptions, WatchOptions {}

type Defaults = DataDefaults | TrainingDefaults | WatchDefaults;

/** The schema of `fineTune`'s options: the only place of their bounds and defaults. */
export const fineTuneOptions: OptionsSchema<FineTuneOptions, Defaults> = optionsSchema<FineTuneOptions, Defaults>(
  { ...dataProperties, ...trainingProperties, ...watchProperties },
  ["data", "loss", "trainable", "rule", "learningRate", "epochs"],
);

/** The options of `fineTune`, checked and with all defaults. A run carries this one value. */
export type ParsedOptions = Omit<Parsed<FineTuneOptions, Defaults>, "cache" | "guard"> & {
  readonly cache: "memory" | false | ParsedCache;
  readonly guard: ParsedGuard;
};

/** Checks the options of `fineTune` and fills the defaults. @throws OptionsError with every problem at once */
export function parseFineTuneOptions(options: FineTuneOptions): ParsedOptions {
  const result = fineTuneOptions["~standard"].validate(options);
  if (result instanceof Promise) throw new TypeError("The schema of fineTune's options is synchronous.");
  const problems = [
    ...(result.issues ?? []).map(({ message }) => message),
    ...misshapenParts(options),
    ...unknownLosses(options),
    ...defeatingOptions(options),
  ];
  if (result.issues || problems.length > 0)
    throw new OptionsError(`fineTune has ${problems.length} wrong option(s).`, problems.join("\n"));
  return result.value as ParsedOptions;
}

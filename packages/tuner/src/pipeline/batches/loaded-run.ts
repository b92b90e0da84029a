import type { ModelAdapter } from "../../models/adapter/model-adapter.ts";
import type { ParsedOptions } from "../../options/fine-tune-options.ts";
import type { Source } from "../source/source.ts";

/** The options that decide how examples become batches. */
export type LoaderOptions = Pick<
  ParsedOptions,
  | "batchSize"
  | "accumulate"
  | "seed"
  | "shuffle"
  | "prefetch"
  | "augment"
  | "views"
  | "mixup"
  | "cutmix"
  | "cache"
  | "signal"
  | "collective"
>;

/** The part of a run that its batches depend on. */
export interface LoadedRun {
  readonly adapter: ModelAdapter;
  readonly train: Source;
  readonly validation: Source | undefined;
  readonly options: LoaderOptions;
}

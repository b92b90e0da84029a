import type { ModelAdapter } from "../../models/adapter/model-adapter.ts";
import type { Source } from "../source/source.ts";

/** As much of a run as its batches depend on. */
export interface LoadedRun {
  readonly adapter: ModelAdapter;
  readonly train: Source;
  readonly validation: Source | undefined;
  readonly batchSize: number;
  readonly accumulate: number;
  readonly seed: number;
}

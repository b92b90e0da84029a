import type { ModelAdapter } from "../../models/adapter/model-adapter.ts";
import type { Source } from "../source/source.ts";

/** The parts of a run that its batches depend on. */
export interface LoadedRun {
  readonly adapter: ModelAdapter;
  readonly train: Source;
  readonly validation: Source | undefined;
  readonly batchSize: number;
  readonly accumulate: number;
  readonly seed: number;
}

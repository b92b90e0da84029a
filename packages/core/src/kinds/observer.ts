import type { ParamInfo } from "../params/params.ts";

/** Facts about a run at its start. */
export interface RunStart {
  readonly params: readonly ParamInfo[];
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly batchSize: number;
  /** Number of steps already taken: 0, or more if the run resumes. */
  readonly step: number;
  /** Epochs that a resumed run has already finished, in order. @default none */
  readonly earlier?: readonly Omit<EpochEnd, "step">[];
}
/** Facts after a step. `loss` and `stats` are present if the run read them. */
export interface StepEnd {
  readonly step: number;
  readonly epoch: number;
  /** Number of examples used in this epoch so far. */
  readonly examples: number;
  readonly learningRate: number;
  readonly loss?: number;
  /** Measurements of hooks and rule in this step, by path: see `readStats`. `fineTune` reads them every `statsEvery` steps. */
  readonly stats?: Readonly<Record<string, number>>;
}
/** Facts after an epoch. `logs` holds loss, metrics and their `val_` forms, like tfjs's History. */
export interface EpochEnd {
  readonly epoch: number;
  readonly step: number;
  readonly seconds: number;
  readonly logs: Readonly<Record<string, number>>;
}
/** Facts after the run, also if it failed. */
export interface RunEnd {
  readonly steps: number;
  readonly seconds: number;
  readonly error?: unknown;
}

/** Watches a run and returns nothing: progress, logs, charts. To change gradients, write a hook; to stop a run, a callback. */
export interface Observer {
  readonly name?: string;
  runStart?(run: RunStart): void | Promise<void>;
  stepEnd?(step: StepEnd): void | Promise<void>;
  epochEnd?(epoch: EpochEnd): void | Promise<void>;
  runEnd?(end: RunEnd): void | Promise<void>;
}

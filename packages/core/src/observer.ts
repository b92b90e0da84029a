import type { ParamInfo } from "./params.ts";

/** What is known when a run starts. */
export interface RunStart {
  readonly params: readonly ParamInfo[];
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly batchSize: number;
  /** Step the run goes on from: 0, or more after a resume. */
  readonly step: number;
  /** Epochs that a resumed run has behind it, in order. @default none */
  readonly earlier?: readonly Omit<EpochEnd, "step">[];
}
/** After a step. `loss` and `probes` are there when the run read them. */
export interface StepEnd {
  readonly step: number;
  readonly epoch: number;
  /** Examples seen in this epoch so far. */
  readonly examples: number;
  readonly learningRate: number;
  readonly loss?: number;
  /** What hooks and rule measured in this step, by path: see `readProbes`. `fineTune` reads it every `probeEvery` steps. */
  readonly probes?: Readonly<Record<string, number>>;
}
/** After an epoch; `logs` holds loss, metrics and their `val_` forms, as tfjs's History does. */
export interface EpochEnd {
  readonly epoch: number;
  readonly step: number;
  readonly seconds: number;
  readonly logs: Readonly<Record<string, number>>;
}
/** After the run, however it ended. */
export interface RunEnd {
  readonly steps: number;
  readonly seconds: number;
  readonly error?: unknown;
}

/** Watches a run and returns nothing: progress, logs, charts. What changes a gradient is a hook, never an observer. */
export interface Observer {
  readonly name?: string;
  runStart?(run: RunStart): void | Promise<void>;
  stepEnd?(step: StepEnd): void | Promise<void>;
  epochEnd?(epoch: EpochEnd): void | Promise<void>;
  runEnd?(end: RunEnd): void | Promise<void>;
}

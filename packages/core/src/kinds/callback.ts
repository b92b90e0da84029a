import type { Param } from "../params/params.ts";
import type { HookedOptimizer } from "../step/optimizer.ts";

/** A callback's own memory, for a checkpoint: JSON, and arrays by name. */
export interface CallbackState {
  readonly json: unknown;
  readonly tensors: ReadonlyMap<string, Float32Array | Uint8Array>;
}

/** The part of a run that a callback may use. */
export interface CallbackRun {
  /** Trained parameters. */
  readonly params: readonly Param[];
  readonly optimizer: HookedOptimizer;
  /** Whether the run has validation data, so that `logs` holds `val_` entries. */
  readonly validates: boolean;
  /** Reads the trained parameters, and the statistics if the run moves them, by name. */
  readWeights(): Promise<ReadonlyMap<string, Float32Array>>;
  /** Writes values that {@link readWeights} returned. Names that are left out keep their values. */
  writeWeights(values: ReadonlyMap<string, Float32Array>): void;
  /**
   * Multiplies the learning rate of the following steps by `factor`, in addition to the schedule. Replaces the callback's
   * last factor. Checkpoints keep the factor.
   *
   * @throws OptionsError if `factor` is not a finite number ≥ 0.
   */
  scaleRate(factor: number): void;
  /** Adds a line to the warnings in the result. */
  warn(message: string): void;
}

/**
 * Acts on a run between steps or epochs: it may stop the run, write weights or scale the rate (Keras's callback). Its
 * whole memory is in `save`, so that a resumed run continues bit for bit. To watch a run only, write an observer.
 */
export interface Callback {
  /** Unique among the callbacks of a run. It is the key of the callback's state in a checkpoint. */
  readonly name: string;
  /** Key of `logs` that the callback needs. A run that will not produce it is refused before its first step. */
  readonly monitor?: string;
  /** Whether its memory follows the weights step by step: then it is rolled back together with the weights. @default false */
  readonly stepwise?: boolean;
  /**
   * Called once before the first step, and before `load` if the run resumes. Keep `run` for the later calls. One callback
   * may serve several runs in turn, so set its memory to the initial values here.
   */
  runStart?(run: CallbackRun): void | Promise<void>;
  /** Called after each step that was taken. */
  stepEnd?(): void;
  /**
   * Called after validation.
   *
   * @param epoch counted from 0.
   * @param logs losses and metrics of the epoch, and their `val_` forms if the run validates.
   * @returns "stop" to end the run after this epoch. The result then names the callback in `stopped`.
   */
  epochEnd?(epoch: number, logs: Readonly<Record<string, number>>): Promise<"stop" | undefined>;
  /** Called before validation. A callback may put other weights into the model until {@link afterValidation}. */
  beforeValidation?(): Promise<void>;
  afterValidation?(): Promise<void>;
  /** Called when the run ends without an error, before the result is returned. */
  finish?(): Promise<void>;
  /** Returns the memory. Leave `save` and `load` out if the callback keeps none. */
  save?(): Promise<CallbackState>;
  /** Restores a memory that `save` returned. */
  load?(state: CallbackState): void;
  /** Frees the callback's tensors. Called at the end of every run, also after an error. */
  dispose?(): void;
}

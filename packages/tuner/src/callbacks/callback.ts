import type { HookedOptimizer } from "@graftjs/core";
import type { RunWeights } from "../models/weights.ts";

/** As much of a run as a callback sees. */
export interface CallbackView extends RunWeights {
  readonly optimizer: HookedOptimizer;
  /** Undefined if the run has no validation data. */
  readonly validation: unknown;
}

/** Numbers a callback keeps, for a checkpoint. */
export interface CallbackState {
  readonly json: unknown;
  readonly tensors: ReadonlyMap<string, Float32Array | Uint8Array>;
}

/** Something that goes along with a run and acts on it between epochs or steps. Its whole memory is in `save`. */
export interface Callback {
  readonly name: string;
  /** Whether its memory moves with the weights, step by step: it then goes back with them. @default false */
  readonly stepwise?: boolean;
  stepEnd?(): void;
  /** "stop" ends the run after this epoch. */
  epochEnd?(epoch: number, logs: Readonly<Record<string, number>>): Promise<"stop" | undefined>;
  /** Around validation: other weights may stand in the model meanwhile. */
  beforeValidation?(): Promise<void>;
  afterValidation?(): Promise<void>;
  /** When the run ends well. */
  finish?(): Promise<void>;
  save(): Promise<CallbackState>;
  load(state: CallbackState): void;
  dispose?(): void;
}

/** The arrays whose path begins with `prefix`, without it. */
export function under(arrays: CallbackState["tensors"], prefix: string): CallbackState["tensors"] {
  return new Map(
    [...arrays].flatMap(([path, values]) => (path.startsWith(prefix) ? [[path.slice(prefix.length), values]] : [])),
  );
}

/** Whether a number is better than another by more than `minDelta`. */
export function better(value: number, than: number, mode: "min" | "max", minDelta: number): boolean {
  return mode === "min" ? value < than - minDelta : value > than + minDelta;
}

/** Losses and errors want to be small, everything else large. */
export function modeOf(monitor: string): "min" | "max" {
  return /loss|error|mse|mae/i.test(monitor) ? "min" : "max";
}

/** JSON has no infinities; "no best yet" is written as null. */
export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

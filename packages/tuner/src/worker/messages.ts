import type { EpochEnd, RunEnd, RunStart, StepEnd } from "@graftjs/core";
import type { History } from "../loop/evaluate/history.ts";

/** Message from the page to the worker. A port may carry several runs, even at the same time; `run` is the page's number for each. */
export type ToWorker = { readonly run: number } & Asked;

export type Asked =
  | { readonly graft: "start"; readonly job: unknown }
  | { readonly graft: "pause" | "resume" | "stop" | "abort" };

/** Message from the worker to the page. */
export type FromWorker = { readonly run: number } & Told;

export type Told =
  | { readonly graft: "runStart"; readonly event: RunStart }
  | { readonly graft: "stepEnd"; readonly event: StepEnd }
  | { readonly graft: "epochEnd"; readonly event: EpochEnd }
  | { readonly graft: "runEnd"; readonly event: RunEnd }
  | { readonly graft: "done"; readonly result: WorkerResult }
  | { readonly graft: "failed"; readonly name: string; readonly message: string };

/** Result of a run in a worker: plain data, and the delta to apply to the page's own model. */
export interface WorkerResult {
  readonly history: History;
  readonly steps: number;
  readonly seconds: readonly number[];
  readonly stopped: string | undefined;
  readonly warnings: readonly string[];
  readonly delta: Uint8Array;
}

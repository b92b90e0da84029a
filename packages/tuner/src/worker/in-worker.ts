import { GraftError, type Observer } from "@graftjs/core";
import type { Asked, FromWorker, WorkerResult } from "./messages.ts";
import { listen, type WorkerPort } from "./port.ts";

/** A run in a worker ended with an error, or the worker was lost. */
export class WorkerError extends GraftError {
  override name = "WorkerError";
}

export interface InWorkerOptions {
  /**
   * Observers that are called on this side with the worker's events, one after the other. If one throws, the run is aborted and `result`
   * rejects with its error; at the end of the run, the error is only a warning on the console. @default []
   */
  readonly observers?: readonly Observer[];
  /** Aborts the run; the promise rejects. If the signal is already aborted, nothing is sent. */
  readonly signal?: AbortSignal;
}

/** A run in a worker: the promise of its result, and functions that control it. */
export interface WorkerRun {
  readonly result: Promise<WorkerResult>;
  pause(): void;
  resume(): void;
  stop(): void;
}

/**
 * Starts a run in a worker that called `serveFineTune`. Use it on the page, which stays responsive during the run.
 *
 * @param job data for the worker's `build` function; it must be possible to clone it.
 */
export function fineTuneInWorker(
  port: WorkerPort,
  job: unknown,
  { observers = [], signal }: InWorkerOptions = {},
): WorkerRun {
  const run = runs++;
  const send = (message: Asked): void => port.postMessage({ run, ...message });
  const controls = {
    pause: () => send({ graft: "pause" }),
    resume: () => send({ graft: "resume" }),
    stop: () => send({ graft: "stop" }),
  };
  if (signal?.aborted) return { ...controls, result: Promise.reject(signal.reason) };
  const abort = (): void => send({ graft: "abort" });
  const result = new Promise<WorkerResult>((resolve, reject) => {
    let told: Promise<unknown> = Promise.resolve();
    const end = (settle: () => void): void => {
      ignore();
      signal?.removeEventListener("abort", abort);
      // All events must have reached the observers before the caller continues.
      void told.then(settle);
    };
    const failing = (error: unknown): void => {
      reject(error);
      abort();
    };
    const ignore = listen(
      port,
      (data) => {
        const message = data as FromWorker;
        if (message.run !== run) return;
        if (message.graft === "done") end(() => resolve(message.result));
        else if (message.graft === "failed")
          end(() => reject(new WorkerError(`The run in the worker failed (${message.name}).`, message.message)));
        else told = told.then(() => tellAll(observers, message)).catch(failing);
      },
      (reason) => {
        // The worker may still be alive, because any error in it is reported here. Nobody waits for its run any more.
        abort();
        end(() => reject(new WorkerError("The worker was lost.", reason)));
      },
    );
  });
  signal?.addEventListener("abort", abort, { once: true });
  send({ graft: "start", job });
  return { ...controls, result };
}

let runs = 0;

async function tellAll(observers: readonly Observer[], message: FromWorker): Promise<void> {
  for (const observer of observers) {
    try {
      await tell(observer, message);
    } catch (error) {
      // The run is over and its result is valid, so the error is only a warning, as in fineTune.
      if (message.graft !== "runEnd") throw error;
      console.warn(
        `The observer \`${observer.name ?? "without a name"}\` failed at the end of the run: ${String(error)}`,
      );
    }
  }
}

function tell(observer: Observer, message: FromWorker): void | Promise<void> {
  if (message.graft === "runStart") return observer.runStart?.(message.event);
  if (message.graft === "stepEnd") return observer.stepEnd?.(message.event);
  if (message.graft === "epochEnd") return observer.epochEnd?.(message.event);
  if (message.graft === "runEnd") return observer.runEnd?.(message.event);
}

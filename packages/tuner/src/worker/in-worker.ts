import { GraftError, type Observer } from "@graftjs/core";
import type { FromWorker, ToWorker, WorkerResult } from "./messages.ts";
import { listen, type WorkerPort } from "./port.ts";

/** A run in a worker ended with an error; the message is the worker's. */
export class WorkerError extends GraftError {}

export interface InWorkerOptions {
  /** Called on this side, with the worker's events. @default [] */
  readonly observers?: readonly Observer[];
  /** Ends the run; the promise rejects. */
  readonly signal?: AbortSignal;
}

/** A run in a worker: a promise of what it leaves, and the buttons. */
export interface WorkerRun {
  readonly result: Promise<WorkerResult>;
  pause(): void;
  resume(): void;
  stop(): void;
}

/**
 * The page's side: sends `job` to a worker that called `serveFineTune`, and hears of it. The page stays free meanwhile.
 *
 * @param job whatever the worker's `build` understands; it must be clonable.
 */
export function fineTuneInWorker(
  port: WorkerPort,
  job: unknown,
  { observers = [], signal }: InWorkerOptions = {},
): WorkerRun {
  const send = (message: ToWorker): void => port.postMessage(message);
  const result = new Promise<WorkerResult>((resolve, reject) => {
    listen(port, (data) => {
      const message = data as FromWorker;
      if (message.graft === "done") resolve(message.result);
      else if (message.graft === "failed")
        reject(new WorkerError(`The run in the worker failed (${message.name}).`, message.message));
      else for (const observer of observers) void tell(observer, message);
    });
  });
  signal?.addEventListener("abort", () => send({ graft: "abort" }), { once: true });
  send({ graft: "start", job });
  return {
    result,
    pause: () => send({ graft: "pause" }),
    resume: () => send({ graft: "resume" }),
    stop: () => send({ graft: "stop" }),
  };
}

function tell(observer: Observer, message: FromWorker): void | Promise<void> {
  if (message.graft === "runStart") return observer.runStart?.(message.event);
  if (message.graft === "stepEnd") return observer.stepEnd?.(message.event);
  if (message.graft === "epochEnd") return observer.epochEnd?.(message.event);
  if (message.graft === "runEnd") return observer.runEnd?.(message.event);
}

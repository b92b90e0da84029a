import { GraftError, type Observer } from "@graftjs/core";
import type { Asked, FromWorker, WorkerResult } from "./messages.ts";
import { listen, type WorkerPort } from "./port.ts";

/** A run in a worker ended with an error, whose message is the worker's, or the worker was lost. */
export class WorkerError extends GraftError {}

export interface InWorkerOptions {
  /**
   * Called on this side, with the worker's events, one after the other. Where one throws the run is aborted and `result` rejects with what
   * it threw; at the run's end it is a warning on the console. @default []
   */
  readonly observers?: readonly Observer[];
  /** Ends the run; the promise rejects. Aborted before: nothing is sent. */
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
  const run = runs++;
  const send = (message: Asked): void => port.postMessage({ run, ...message });
  const buttons = {
    pause: () => send({ graft: "pause" }),
    resume: () => send({ graft: "resume" }),
    stop: () => send({ graft: "stop" }),
  };
  if (signal?.aborted) return { ...buttons, result: Promise.reject(signal.reason) };
  const abort = (): void => send({ graft: "abort" });
  const result = new Promise<WorkerResult>((resolve, reject) => {
    let told: Promise<unknown> = Promise.resolve();
    const end = (settle: () => void): void => {
      ignore();
      signal?.removeEventListener("abort", abort);
      // Observers have heard of everything when the caller goes on.
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
        // Where it still lives, in a page after an error of something else in it, nobody waits for its run any more.
        abort();
        end(() => reject(new WorkerError("The worker was lost.", reason)));
      },
    );
  });
  signal?.addEventListener("abort", abort, { once: true });
  send({ graft: "start", job });
  return { ...buttons, result };
}

let runs = 0;

async function tellAll(observers: readonly Observer[], message: FromWorker): Promise<void> {
  for (const observer of observers) {
    try {
      await tell(observer, message);
    } catch (error) {
      // As fineTune has it: the run is over, its result stands.
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

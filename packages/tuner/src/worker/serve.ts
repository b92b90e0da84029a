import type { Observer } from "@graftjs/core";
import { saveDelta } from "../delta/delta.ts";
import { fineTune } from "../fine-tune.ts";
import type { LayersModelLike } from "../models/layers/layers-model.ts";
import type { FineTuneOptions } from "../options/fine-tune-options.ts";
import { createRunControl, type RunControl } from "../options/run-control.ts";
import type { Told, ToWorker } from "./messages.ts";
import { listen, type WorkerPort } from "./port.ts";

/** Builds model and options from a job. This happens in the worker, because functions and tensors cannot be sent to it. */
export type BuildRun = (
  job: unknown,
) => Promise<{ readonly model: LayersModelLike; readonly options: FineTuneOptions }>;

/**
 * Waits for jobs in a worker and runs them. Each run can be controlled separately. Sends the events of observers and the delta to the
 * page.
 *
 * @param port `self` in a Web Worker, `parentPort` in Node.
 */
export function serveFineTune(port: WorkerPort, build: BuildRun): void {
  const running = new Map<number, { readonly control: RunControl; readonly aborter: AbortController }>();
  const start = async (run: number, job: unknown): Promise<void> => {
    const [control, aborter] = [createRunControl(), new AbortController()];
    running.set(run, { control, aborter });
    const send = (message: Told): void => port.postMessage({ run, ...message });
    try {
      const { model, options } = await build(job);
      const observers = [...(options.observers ?? []), forwarder(send)];
      const result = await fineTune(model, { ...options, observers, control, signal: aborter.signal });
      const delta = await saveDelta(model, result);
      result.restore();
      const { history, steps, seconds, stopped, warnings } = result;
      send({ graft: "done", result: { history, steps, seconds, stopped, warnings, delta } });
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      send({ graft: "failed", name, message });
    } finally {
      running.delete(run);
    }
  };
  listen(port, (data) => {
    const message = data as ToWorker;
    if (message.graft === "start") return void start(message.run, message.job);
    // If the run has just ended, there is nothing left to control, and the message is ignored.
    const { control, aborter } = running.get(message.run) ?? {};
    if (message.graft === "pause") control?.pause();
    else if (message.graft === "resume") control?.resume();
    else if (message.graft === "stop") control?.stop();
    else if (message.graft === "abort") aborter?.abort();
  });
}

/** Creates an observer that sends a run's events to the page. */
function forwarder(send: (message: Told) => void): Observer {
  return {
    name: "worker",
    runStart: (event) => {
      const params = event.params.map(({ name, layer, role, shape, unitAxes }) => ({
        name,
        layer,
        role,
        shape,
        unitAxes,
      }));
      send({ graft: "runStart", event: { ...event, params } });
    },
    stepEnd: (event) => send({ graft: "stepEnd", event }),
    epochEnd: (event) => send({ graft: "epochEnd", event }),
    runEnd: ({ error, ...event }) =>
      send({ graft: "runEnd", event: error === undefined ? event : { ...event, error: String(error) } }),
  };
}

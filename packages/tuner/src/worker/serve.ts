import type { Observer } from "@graftjs/core";
import { saveDelta } from "../delta/delta.ts";
import { fineTune } from "../fine-tune.ts";
import type { LayersModelLike } from "../model/layers-model.ts";
import { createRunControl } from "../run/control.ts";
import type { FineTuneOptions } from "../run/options.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { listen, type WorkerPort } from "./port.ts";

/** What a worker makes of a job: functions and tensors cannot be sent, so it builds them itself. */
export type BuildRun = (
  job: unknown,
) => Promise<{ readonly model: LayersModelLike; readonly options: FineTuneOptions }>;

/**
 * The worker's side: waits for a job, runs it, and sends every observer's event and the delta to the page.
 *
 * @param port `self` in a Worker, `parentPort` in Node.
 */
export function serveFineTune(port: WorkerPort, build: BuildRun): void {
  const control = createRunControl();
  const aborter = new AbortController();
  const send = (message: FromWorker): void => port.postMessage(message);
  const forward: Observer = {
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
  const run = async (job: unknown): Promise<void> => {
    try {
      const { model, options } = await build(job);
      const observers = [...(options.observers ?? []), forward];
      const result = await fineTune(model, { ...options, observers, control, signal: aborter.signal });
      const delta = await saveDelta(model, result);
      result.restore();
      const { history, steps, seconds, stopped, warnings } = result;
      send({ graft: "done", result: { history, steps, seconds, stopped, warnings, delta } });
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      send({ graft: "failed", name, message });
    }
  };
  listen(port, (data) => {
    const message = data as ToWorker;
    if (message.graft === "start") void run(message.job);
    else if (message.graft === "pause") control.pause();
    else if (message.graft === "resume") control.resume();
    else if (message.graft === "stop") control.stop();
    else if (message.graft === "abort") aborter.abort();
  });
}

import * as tf from "@tensorflow/tfjs-core";
import {
  type BackendAdapter,
  HookedOptimizer,
  type LayersLike,
  namedParams,
  sgd,
} from "../../../packages/core/src/index.ts";
import { convNet } from "./nets.ts";

/** Report of a Worker: the backend that trained, and the loss of each step. */
export interface WorkerReport {
  readonly backend: string;
  readonly losses: readonly number[];
  readonly problem?: string;
}

/** Trains the small image net for `steps` on `adapter` and posts a report. Runs in a Worker. */
export async function trainAndPost(adapter: BackendAdapter, steps: number): Promise<void> {
  try {
    const session = await adapter.init();
    const net = convNet();
    const params = namedParams(net.model as unknown as LayersLike);
    const optimizer = new HookedOptimizer({ params, rule: sgd({ momentum: 0.9 }), learningRate: 0.02 });
    const losses: number[] = [];
    for (let i = 0; i < steps; i++) {
      const loss = tf.tidy(() => optimizer.minimize(net.loss, true) as tf.Scalar);
      losses.push((await loss.data())[0] as number);
      loss.dispose();
    }
    const backend = tf.getBackend();
    optimizer.dispose();
    net.dispose();
    await session.dispose();
    postMessage({ backend, losses });
  } catch (cause) {
    postMessage({ backend: "none", losses: [], problem: cause instanceof Error ? cause.message : String(cause) });
  }
}

/** Starts `/worker.js` and measures how long the page's own tasks take until it answers. Runs in the page. */
export async function watchWorker(): Promise<{
  readonly report: WorkerReport;
  readonly longestTaskMs: number;
  readonly ticks: number;
}> {
  let longestTaskMs = 0;
  const look = (tasks: PerformanceEntryList): void => {
    for (const { duration } of tasks) longestTaskMs = Math.max(longestTaskMs, duration);
  };
  const observer = new PerformanceObserver((list) => look(list.getEntries()));
  observer.observe({ entryTypes: ["longtask"] });
  let ticks = 0;
  const ticking = setInterval(() => {
    ticks += 1;
  }, 50);
  const worker = new Worker("/worker.js", { type: "module" });
  const report = await new Promise<WorkerReport>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data as WorkerReport);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  clearInterval(ticking);
  worker.terminate();
  // Take records that were not delivered yet, because the last task before the answer is one of them.
  look(observer.takeRecords());
  observer.disconnect();
  return { report, longestTaskMs, ticks };
}

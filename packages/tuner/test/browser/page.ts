import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { applyDeltaAsync, fineTuneInWorker, indexedDbStore, opfsStore, type WorkerResult } from "../../src/index.ts";
import { convNet } from "../nets.ts";
import { weightsOf } from "../support.ts";
import type { Job } from "./worker.ts";

/** Results of a run that was killed and resumed, and of an uninterrupted one. */
export interface Outcome {
  readonly whole: Record<string, number[]>;
  readonly resumed: Record<string, number[]>;
  readonly steps: number;
  readonly losses: { readonly whole: readonly number[]; readonly resumed: readonly number[] };
  /** Step from which each worker continued. */
  readonly from: readonly number[];
  readonly files: readonly string[];
}

/** Runs a worker until it is done, or terminates it `ms` milliseconds after it has reported `steps` steps. */
async function life(job: Job, from: number[], kill?: { steps: number; ms: number }): Promise<WorkerResult | undefined> {
  const worker = new Worker("/worker.js", { type: "module" });
  const failed = new Promise<never>((_, reject) => {
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  let seen = 0;
  let strike: () => void = () => {};
  const killed = new Promise<undefined>((resolve) => {
    strike = () => resolve(undefined);
  });
  const observer = {
    runStart: ({ step }: { step: number }) => void from.push(step),
    stepEnd: () => {
      if (++seen === kill?.steps) setTimeout(strike, kill.ms);
    },
  };
  const { result } = fineTuneInWorker(worker, job, { observers: [observer] });
  try {
    return await Promise.race([result, killed, failed]);
  } finally {
    worker.terminate();
  }
}

/** Kills a run with `worker.terminate()` at most `lives` times and resumes it from its store each time. */
export async function killAndResume({ store, lives }: { store: Job["store"]; lives: number }): Promise<Outcome> {
  await tf.setBackend("cpu");
  const whole = await life({ store, name: "whole" }, []);
  const from: number[] = [];
  let resumed: WorkerResult | undefined;
  for (let i = 0; i <= lives && !resumed; i++)
    // Some milliseconds after its third step, which is within a step, within the write of a checkpoint, or between.
    resumed = await life({ store, name: "killed" }, from, i < lives ? { steps: 3, ms: (7 * i) % 23 } : undefined);
  if (!whole || !resumed) throw new Error("A run did not end.");
  const open = store === "opfs" ? opfsStore : indexedDbStore;
  return {
    whole: await weightsAfter(whole),
    resumed: await weightsAfter(resumed),
    steps: resumed.steps,
    losses: { whole: whole.history.loss, resumed: resumed.history.loss },
    from,
    files: await open("killed").list(),
  };
}

async function weightsAfter({ delta }: WorkerResult): Promise<Record<string, number[]>> {
  const model = convNet({ dropoutRate: 0.3 });
  await applyDeltaAsync(model, delta);
  return weightsOf(model);
}

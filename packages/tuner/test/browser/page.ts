import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { applyDeltaAsync, fineTuneInWorker, indexedDbStore, opfsStore, type WorkerResult } from "../../src/index.ts";
import { convNet } from "../nets.ts";
import { weightsOf } from "../support.ts";
import type { Job } from "./worker.ts";

/** What a run gave that was killed and resumed, beside one that never was. */
export interface Outcome {
  readonly whole: Record<string, number[]>;
  readonly resumed: Record<string, number[]>;
  readonly steps: number;
  readonly losses: { readonly whole: readonly number[]; readonly resumed: readonly number[] };
  /** Steps that the worker went on from, one a life. */
  readonly from: readonly number[];
  readonly files: readonly string[];
}

/** Runs a worker until it is done, or until `ms` after it has told of `steps` steps, when it is terminated. */
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

/** Kills a run by `worker.terminate()` again and again, at most `lives` times, and resumes it from its store. */
export async function killAndResume({ store, lives }: { store: Job["store"]; lives: number }): Promise<Outcome> {
  await tf.setBackend("cpu");
  const whole = await life({ store, name: "whole" }, []);
  const from: number[] = [];
  let resumed: WorkerResult | undefined;
  for (let i = 0; i <= lives && !resumed; i++)
    // Some milliseconds after the third step of its life: within a step, a checkpoint's write or between.
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

import { OptionsError } from "@graftjs/core";
import { readWeights, writeWeights, writtenWeights } from "../models/weights.ts";
import { better, type Callback, type CallbackView, finiteOrNull, modeOf } from "./callback.ts";

export interface EarlyStoppingOptions {
  /** A key of the history. @default "val_loss" with validation data, "loss" without */
  readonly monitor?: string;
  /** Epochs without a better value before the run ends. @default 3 */
  readonly patience?: number;
  /** What counts as better. @default 0 */
  readonly minDelta?: number;
  /** @default "min" for losses and errors, "max" for everything else */
  readonly mode?: "min" | "max";
  /** Whether the weights of the best epoch are put back at the end, statistics included. @default true */
  readonly restoreBest?: boolean;
}

/** Ends a run that no longer gets better, and puts the best epoch's weights back, which tfjs's EarlyStopping cannot. */
export function earlyStopping(run: CallbackView, options: EarlyStoppingOptions): Callback {
  const { monitor = run.validation ? "val_loss" : "loss", patience = 3, minDelta = 0 } = options;
  const { mode = modeOf(monitor), restoreBest = true } = options;
  let best = mode === "min" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  let bestEpoch = -1;
  let wait = 0;
  let weights: ReadonlyMap<string, Float32Array> = new Map();
  return {
    name: "earlyStopping",
    async epochEnd(epoch, logs) {
      const value = logs[monitor];
      if (value === undefined) throw noSuchKey("earlyStopping", monitor, logs);
      if (better(value, best, mode, minDelta)) {
        best = value;
        bestEpoch = epoch;
        wait = 0;
        if (restoreBest) weights = await readWeights(writtenWeights(run));
        return undefined;
      }
      wait++;
      return wait >= patience ? "stop" : undefined;
    },
    async finish() {
      if (restoreBest) writeWeights(writtenWeights(run), weights);
    },
    save: async () => ({ json: { best: finiteOrNull(best), bestEpoch, wait }, tensors: weights }),
    load({ json, tensors }) {
      const state = json as { best: number | null; bestEpoch: number; wait: number };
      best = state.best ?? best;
      bestEpoch = state.bestEpoch;
      wait = state.wait;
      weights = tensors as ReadonlyMap<string, Float32Array>;
    },
  };
}

/** A monitor that the run does not produce. */
export function noSuchKey(who: string, monitor: string, logs: Readonly<Record<string, number>>): OptionsError {
  return new OptionsError(
    `${who} watches \`${monitor}\`, which this run does not produce.`,
    `It produces ${Object.keys(logs).join(", ")}; a key with val_ needs validation data.`,
  );
}

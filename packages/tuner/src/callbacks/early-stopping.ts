import { type Callback, type CallbackRun, type OptionsSchema, optionsSchema } from "@graftjs/core";
import { finiteOrNull, type Monitor, type MonitorOptions, monitorOptions, watch } from "./monitor.ts";

export interface EarlyStoppingOptions extends MonitorOptions {
  /** Least difference that counts as an improvement. @default 0 */
  readonly minDelta?: number;
  /** Whether the model gets the weights and statistics of the best epoch back at the end. @default true */
  readonly restoreBest?: boolean;
}

type Defaults = "patience" | "minDelta" | "restoreBest";

export const earlyStoppingOptions: OptionsSchema<EarlyStoppingOptions, Defaults> = optionsSchema<
  EarlyStoppingOptions,
  Defaults
>({
  ...monitorOptions,
  minDelta: { type: "number", default: 0, description: "Least difference that counts as an improvement" },
  restoreBest: {
    type: "boolean",
    default: true,
    description: "Whether the model gets the weights of the best epoch back at the end",
  },
});

/**
 * Ends a run whose monitored value no longer improves, and restores the weights of the best epoch. tfjs's own
 * EarlyStopping cannot restore them.
 *
 * @throws OptionsError if an option is out of range.
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): Callback {
  const { patience, minDelta, restoreBest } = earlyStoppingOptions.parse("earlyStopping", options);
  let run: CallbackRun;
  let monitor: Monitor;
  let bestEpoch = -1;
  let wait = 0;
  let weights: ReadonlyMap<string, Float32Array> = new Map();
  return {
    name: "earlyStopping",
    ...(options.monitor === undefined ? {} : { monitor: options.monitor }),
    runStart(started) {
      run = started;
      monitor = watch("earlyStopping", options, run.validates, minDelta);
      bestEpoch = -1;
      wait = 0;
      weights = new Map();
    },
    async epochEnd(epoch, logs) {
      const improved = monitor.improved(logs);
      if (improved === undefined) return undefined;
      if (improved) {
        bestEpoch = epoch;
        wait = 0;
        if (restoreBest) weights = await run.readWeights();
        return undefined;
      }
      wait++;
      return wait >= patience ? "stop" : undefined;
    },
    async finish() {
      if (restoreBest) run.writeWeights(weights);
    },
    save: async () => ({ json: { best: finiteOrNull(monitor.best), bestEpoch, wait }, tensors: weights }),
    load({ json, tensors }) {
      const state = json as { best: number | null; bestEpoch: number; wait: number };
      monitor.best = state.best ?? monitor.best;
      bestEpoch = state.bestEpoch;
      wait = state.wait;
      weights = tensors as ReadonlyMap<string, Float32Array>;
    },
  };
}

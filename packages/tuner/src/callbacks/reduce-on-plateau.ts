import { type Callback, type CallbackRun, type OptionsSchema, optionsSchema } from "@graftjs/core";
import { finiteOrNull, type Monitor, type MonitorOptions, monitorOptions, watch } from "./monitor.ts";

export interface ReduceOnPlateauOptions extends MonitorOptions {
  /** Factor on the learning rate at each reduction, in (0, 1). @default 0.1 */
  readonly factor?: number;
  /** Least difference that counts as an improvement. @default 1e-4 */
  readonly minDelta?: number;
  /** Epochs after a reduction that do not count. @default 0 */
  readonly cooldown?: number;
  /** Smallest product of all reductions, in [0, 1]. @default 1e-4 */
  readonly minFactor?: number;
}

type Defaults = "patience" | "factor" | "minDelta" | "cooldown" | "minFactor";

export const reduceOnPlateauOptions: OptionsSchema<ReduceOnPlateauOptions, Defaults> = optionsSchema<
  ReduceOnPlateauOptions,
  Defaults
>({
  ...monitorOptions,
  factor: {
    type: "number",
    exclusiveMinimum: 0,
    exclusiveMaximum: 1,
    default: 0.1,
    description: "Factor on the learning rate at each reduction",
  },
  minDelta: { type: "number", default: 1e-4, description: "Least difference that counts as an improvement" },
  cooldown: { type: "integer", minimum: 0, default: 0, description: "Epochs after a reduction that do not count" },
  minFactor: {
    type: "number",
    minimum: 0,
    maximum: 1,
    default: 1e-4,
    description: "Smallest product of all reductions",
  },
});

/**
 * Lowers the learning rate when a run no longer improves. It is Keras's ReduceLROnPlateau, but as a factor on any schedule.
 *
 * @throws OptionsError if an option is out of range.
 */
export function reduceOnPlateau(options: ReduceOnPlateauOptions = {}): Callback {
  const {
    patience,
    factor: reduction,
    minDelta,
    cooldown,
    minFactor,
  } = reduceOnPlateauOptions.parse("reduceOnPlateau", options);
  let run: CallbackRun;
  let monitor: Monitor;
  let wait = 0;
  let rest = 0;
  let factor = 1;
  return {
    name: "reduceOnPlateau",
    ...(options.monitor === undefined ? {} : { monitor: options.monitor }),
    runStart(started) {
      run = started;
      monitor = watch("reduceOnPlateau", options, run.validates, minDelta);
      [wait, rest, factor] = [0, 0, 1];
    },
    async epochEnd(_epoch, logs) {
      const improved = monitor.improved(logs);
      if (improved === undefined) return undefined;
      if (rest > 0) {
        rest--;
        wait = 0;
      }
      if (improved) wait = 0;
      else if (rest === 0 && ++wait >= patience) {
        factor = Math.max(minFactor, factor * reduction);
        run.scaleRate(factor);
        rest = cooldown;
        wait = 0;
      }
      return undefined;
    },
    save: async () => ({ json: { best: finiteOrNull(monitor.best), wait, rest, factor }, tensors: new Map() }),
    load({ json }) {
      const state = json as { best: number | null; wait: number; rest: number; factor: number };
      monitor.best = state.best ?? monitor.best;
      ({ wait, rest, factor } = state);
    },
  };
}

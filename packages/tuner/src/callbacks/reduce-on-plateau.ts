import { better, type Callback, type CallbackView, finiteOrNull, modeOf } from "./callback.ts";
import { noSuchKey } from "./early-stopping.ts";

export interface ReduceOnPlateauOptions {
  /** A key of the history. @default "val_loss" with validation data, "loss" without */
  readonly monitor?: string;
  /** What the rate is multiplied with. @default 0.1 */
  readonly factor?: number;
  /** Epochs without a better value before the rate is reduced. @default 3 */
  readonly patience?: number;
  /** @default 1e-4 */
  readonly minDelta?: number;
  /** Epochs after a reduction that do not count. @default 0 */
  readonly cooldown?: number;
  /** Least factor in all. @default 1e-4 */
  readonly minFactor?: number;
  /** @default "min" for losses and errors, "max" for everything else */
  readonly mode?: "min" | "max";
}

/** A callback that scales the schedule. `factor` of the next steps is read by the run. */
export interface PlateauCallback extends Callback {
  readonly factor: number;
}

/** Lowers the learning rate when a run stops getting better (Keras's ReduceLROnPlateau, as a factor on any schedule). */
export function reduceOnPlateau(run: CallbackView, options: ReduceOnPlateauOptions): PlateauCallback {
  const { monitor = run.validation ? "val_loss" : "loss", factor: reduction = 0.1, patience = 3 } = options;
  const { minDelta = 1e-4, cooldown = 0, minFactor = 1e-4, mode = modeOf(monitor) } = options;
  let best = mode === "min" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  let wait = 0;
  let rest = 0;
  let factor = 1;
  return {
    name: "reduceOnPlateau",
    get factor() {
      return factor;
    },
    async epochEnd(_epoch, logs) {
      const value = logs[monitor];
      if (value === undefined) throw noSuchKey("reduceOnPlateau", monitor, logs);
      if (rest > 0) {
        rest--;
        wait = 0;
      }
      if (better(value, best, mode, minDelta)) {
        best = value;
        wait = 0;
      } else if (rest === 0 && ++wait >= patience) {
        factor = Math.max(minFactor, factor * reduction);
        rest = cooldown;
        wait = 0;
      }
      return undefined;
    },
    save: async () => ({ json: { best: finiteOrNull(best), wait, rest, factor }, tensors: new Map() }),
    load({ json }) {
      const state = json as { best: number | null; wait: number; rest: number; factor: number };
      best = state.best ?? best;
      ({ wait, rest, factor } = state);
    },
  };
}

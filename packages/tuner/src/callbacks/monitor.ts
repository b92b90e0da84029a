import { type OptionSchema, OptionsError } from "@graftjs/core";

/** Options of a callback that watches one number of the history. */
export interface MonitorOptions {
  /** A key of the history. @default "val_loss" with validation data, "loss" without */
  readonly monitor?: string;
  /** Epochs without an improvement before the callback acts. @default 3 */
  readonly patience?: number;
  /** Whether smaller or larger values are better. @default "min" for losses and errors, "max" for other keys */
  readonly mode?: "min" | "max";
}

export const monitorOptions: {
  readonly monitor: OptionSchema;
  readonly patience: OptionSchema & { readonly default: number };
  readonly mode: OptionSchema;
} = {
  monitor: {
    type: "string",
    description: "Key of the history. Default: `val_loss` with validation data, `loss` without",
  },
  patience: {
    type: "integer",
    minimum: 1,
    default: 3,
    description: "Epochs without an improvement before it acts",
  },
  mode: {
    enum: ["min", "max"],
    description: "Which values are better. Default: `min` for losses and errors, `max` for other keys",
  },
};

/** The best value so far of one key of the history. */
export interface Monitor {
  best: number;
  /**
   * Reads the key of an epoch, and remembers it if it is better than `best`.
   *
   * @returns undefined if the value is NaN: such an epoch cannot be compared, so it counts neither for nor against the run.
   * @throws OptionsError if `logs` lacks the key.
   */
  improved(logs: Readonly<Record<string, number>>): boolean | undefined;
}

/**
 * @param callback name of the callback, for the error.
 * @param validates whether the run has validation data: decides the default key.
 * @param minDelta least difference that counts as an improvement.
 */
export function watch(
  callback: string,
  { monitor, mode }: MonitorOptions,
  validates: boolean,
  minDelta: number,
): Monitor {
  const key = monitor ?? (validates ? "val_loss" : "loss");
  const direction = mode ?? (/loss|error|mse|mae/i.test(key) ? "min" : "max");
  return {
    best: direction === "min" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY,
    improved(logs) {
      const value = logs[key];
      if (value === undefined) {
        throw new OptionsError(
          `${callback} watches \`${key}\`, which this run does not produce.`,
          `It produces ${Object.keys(logs).join(", ")}; a key with val_ needs validation data.`,
        );
      }
      if (Number.isNaN(value)) return undefined;
      const better = direction === "min" ? value < this.best - minDelta : value > this.best + minDelta;
      if (better) this.best = value;
      return better;
    },
  };
}

/** JSON has no infinities, so "no best value yet" is written as null. */
export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

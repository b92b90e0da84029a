import type { EpochEnd } from "@graftjs/core";

/** Numbers by epoch: `epoch`, `loss`, metrics and their `val_` forms, the keys of tfjs's `History.history`. */
export interface History {
  readonly epoch: number[];
  readonly loss: number[];
  readonly [key: string]: number[];
}

/** Creates an empty history. `record` fills it. */
export function newHistory(): History {
  return { epoch: [], loss: [] };
}

/** Adds the numbers of an epoch. */
export function record(history: History, epoch: number, logs: Readonly<Record<string, number>>): void {
  history.epoch.push(epoch);
  const columns = history as Record<string, number[]>;
  for (const [key, value] of Object.entries(logs)) {
    columns[key] ??= [];
    columns[key].push(value);
  }
}

/** Returns the epochs of a history in the form that observers receive. */
export function epochsOf({ epoch, ...columns }: History, seconds: readonly number[]): Omit<EpochEnd, "step">[] {
  return epoch.map((number, i) => {
    const logs = Object.entries(columns).flatMap(([key, values]) => (i in values ? [[key, values[i] as number]] : []));
    return { epoch: number, seconds: seconds[i] ?? 0, logs: Object.fromEntries(logs) as Record<string, number> };
  });
}

/** Numbers by epoch: `epoch`, `loss`, metrics and their `val_` forms, the keys of tfjs's `History.history`. */
export interface History {
  readonly epoch: number[];
  readonly loss: number[];
  readonly [key: string]: number[];
}

/** An empty history that `record` fills. */
export function newHistory(): History {
  return { epoch: [], loss: [] };
}

/** Adds an epoch. */
export function record(history: History, epoch: number, logs: Readonly<Record<string, number>>): void {
  history.epoch.push(epoch);
  const columns = history as Record<string, number[]>;
  for (const [key, value] of Object.entries(logs)) {
    columns[key] ??= [];
    columns[key].push(value);
  }
}

import type { Callback, CallbackState } from "@graftjs/core";

/** Returns the states of the callbacks that keep one, by callback. */
export async function saveCallbacks(callbacks: readonly Callback[]): Promise<ReadonlyMap<string, CallbackState>> {
  const states = new Map<string, CallbackState>();
  for (const callback of callbacks) {
    const state = await callback.save?.();
    if (state) states.set(callback.name, state);
  }
  return states;
}

/** Gives each callback its state back. A callback without a state in `states` keeps its memory. */
export function loadCallbacks(callbacks: readonly Callback[], states: ReadonlyMap<string, CallbackState>): void {
  for (const callback of callbacks) {
    const state = states.get(callback.name);
    if (state) callback.load?.(state);
  }
}

/** The states of callbacks as a checkpoint holds them: JSON by callback, and arrays under `callbacks/<name>/`. */
export interface StoredCallbacks {
  readonly json: Readonly<Record<string, unknown>>;
  readonly arrays: ReadonlyMap<string, Float32Array | Uint8Array>;
}

export function storeCallbacks(states: ReadonlyMap<string, CallbackState>): StoredCallbacks {
  const json: Record<string, unknown> = {};
  const arrays = new Map<string, Float32Array | Uint8Array>();
  for (const [name, state] of states) {
    json[name] = state.json ?? null;
    for (const [key, values] of state.tensors) arrays.set(`callbacks/${name}/${key}`, values);
  }
  return { json, arrays };
}

export function restoreCallbacks({ json, arrays }: StoredCallbacks): ReadonlyMap<string, CallbackState> {
  return new Map(
    Object.entries(json).map(([name, state]) => [name, { json: state, tensors: under(arrays, `callbacks/${name}/`) }]),
  );
}

/** Returns the arrays whose path begins with `prefix`, by the rest of their path. */
export function under(arrays: CallbackState["tensors"], prefix: string): CallbackState["tensors"] {
  return new Map(
    [...arrays].flatMap(([path, values]) => (path.startsWith(prefix) ? [[path.slice(prefix.length), values]] : [])),
  );
}

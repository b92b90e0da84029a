import { didYouMean, type LayersLike, OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { AdapterHandle, AdapterPatch } from "./adapter-patch.ts";
import { swapValues } from "./hot-swap.ts";

/** Several adapters on one model, each with a name. */
export interface NamedAdapters {
  /** Names of all adapters, in the order in which they were added. */
  readonly names: readonly string[];
  /** Names of the adapters that the model computes with. */
  readonly active: readonly string[];
  /**
   * Attaches an adapter. It is off until {@link use} names it. Load its values with `applyDelta(model, bytes, { params: handle.added })`.
   *
   * @throws OptionsError if the name is taken, and the errors of the patch
   */
  add(name: string, patch: AdapterPatch): AdapterHandle;
  /**
   * Replaces the values of a `lora` adapter by those of another, which may have lower ranks: zeros fill the rest, so that all variables keep
   * their shapes. Kernels that the new adapter leaves out get zeros. The adapter stays on or off.
   *
   * @param patch makes the new adapter, for example `readPeft(files)`
   * @throws OptionsError if the name is unknown, or if the new adapter has other targets or higher ranks; GraftError if the
   *   adapter is merged. Nothing is changed then.
   */
  swap(name: string, patch: AdapterPatch): void;
  /** Takes an adapter off the model and frees it. @throws OptionsError if the name is unknown */
  remove(name: string): void;
  /** Returns an adapter. @throws OptionsError if the name is unknown */
  get(name: string): AdapterHandle;
  /** Computes with exactly these adapters from now on; with none, the model computes as without adapters. @throws OptionsError if a name is unknown */
  use(...names: string[]): void;
  /** Runs `run`, which must be synchronous, with exactly these adapters. Afterwards the former ones are active again. */
  during<T>(names: readonly string[], run: () => T): T;
  /**
   * Runs `run`, which must be synchronous, with a different adapter for each row of the batch.
   *
   * @param rows for each row of the batch the name of its adapter, or undefined for none
   * @throws OptionsError if a name is unknown, or if an adapter changes layers that cannot tell rows apart, such as recurrent ones
   */
  forRows<T>(rows: readonly (string | undefined)[], run: () => T): T;
  /** Takes all adapters off the model and frees them. */
  restore(): void;
}

/** Manages several adapters on one model. */
export function namedAdapters(model: LayersLike): NamedAdapters {
  const handles = new Map<string, AdapterHandle>();
  const get = (name: string): AdapterHandle => {
    const handle = handles.get(name);
    if (handle) return handle;
    throw new OptionsError(`The model has no adapter \`${name}\`.`, didYouMean(name, [...handles.keys()]));
  };
  const active = (): string[] => [...handles].filter(([, handle]) => handle.active).map(([name]) => name);
  const use = (names: readonly string[]): void => {
    const wanted = new Set(names.map(get));
    for (const handle of handles.values()) handle.active = wanted.has(handle);
  };
  const during = <T>(names: readonly string[], run: () => T): T => {
    const before = active();
    use(names);
    try {
      return run();
    } finally {
      use(before);
    }
  };
  return {
    get names() {
      return [...handles.keys()];
    },
    get active() {
      return active();
    },
    add(name, patch) {
      if (handles.has(name))
        throw new OptionsError(`The model has an adapter \`${name}\` already.`, "Remove it first.");
      const handle = patch.apply(model);
      handle.active = false;
      handles.set(name, handle);
      return handle;
    },
    swap(name, patch) {
      const into = get(name);
      const from = patch.apply(model);
      try {
        swapValues(into, from);
      } finally {
        from.restore();
      }
    },
    remove(name) {
      get(name).restore();
      handles.delete(name);
    },
    get,
    use: (...names) => use(names),
    during,
    forRows(rows, run) {
      const names = [...new Set(rows.filter((name) => name !== undefined))];
      for (const name of names) assertRows(name, get(name));
      const masks = names.map((name) => tf.tensor1d(rows.map((row) => (row === name ? 1 : 0))));
      names.forEach((name, i) => {
        get(name).rows = masks[i];
      });
      try {
        return during(names, run);
      } finally {
        for (const name of names) get(name).rows = undefined;
        tf.dispose(masks);
      }
    },
    restore() {
      for (const handle of handles.values()) handle.restore();
      handles.clear();
    },
  };
}

/** @throws OptionsError if the adapter changes a layer that computes all rows with one kernel */
function assertRows(name: string, { changes }: AdapterHandle): void {
  const inside = changes.find(({ target }) => target.kind === "inside");
  if (!inside) return;
  throw new OptionsError(
    `\`${name}\` changes ${inside.target.name}, and its layer computes all rows of a batch with one kernel.`,
    "Run the rows of each adapter as a batch of their own, with `during`.",
  );
}

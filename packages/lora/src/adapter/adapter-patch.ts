import {
  GraftError,
  type LayersLike,
  type ModelPatch,
  OptionsError,
  type Param,
  type PatchHandle,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type Attached, attach } from "./adapted-layer.ts";
import type { Change, Method } from "../methods/change.ts";
import type { Target } from "../targets/target.ts";
import { type Merged, mergeChanges } from "./merge.ts";

/** An adapter on a model. Its parameters train beside the model's own, see `added`. */
export interface AdapterHandle extends PatchHandle {
  /** `lora`, `dora`, `ia3`, `lokr` or `ssf`. */
  readonly method: string;
  readonly added: readonly Param[];
  /** The changes of the layers, in the order of the model. */
  readonly changes: readonly Change[];
  /** Whether the model computes with the adapter. Set it to switch the adapter off and on. */
  active: boolean;
  /** For each row of the batch, whether the adapter applies to it. Undefined: to all. Set by `namedAdapters`. @internal */
  rows: Attached["rows"];
  /** The file that the adapter was read from. @internal */
  file?: AdapterFile;
  /** Whether the adapter is merged into the model's weights. */
  readonly merged: boolean;
  /**
   * Writes the adapter into the model's weights. The model then computes the same without the adapter, up to float32 rounding, and
   * saves with it. The base weights are kept for {@link unmerge}.
   *
   * @throws GraftError if the adapter is merged or restored already
   */
  merge(): void;
  /**
   * Puts the kept base weights back, bit for bit, and computes with the adapter again.
   *
   * @returns the largest change of a merged weight since {@link merge}: 0 unless something trained or assigned it. The change is lost.
   * @throws GraftError if the adapter is not merged, or if another one was merged after it
   */
  unmerge(): number;
  /** Merges the adapter for good, and frees its parameters and the kept base weights. `restore` then does nothing. */
  mergeAndUnload(): void;
}

/** The file that an adapter was read from. */
export interface AdapterFile {
  /** Whether the file stores some layers in full beside the adapter. */
  readonly storesLayers: boolean;
  /** Is called when the adapter no longer has the settings of the file. */
  swapped(): void;
}

/** A patch that attaches an adapter. */
export interface AdapterPatch extends ModelPatch {
  apply(model: LayersLike): AdapterHandle;
}

/** A target and the function that makes its change. */
export interface PlannedChange {
  readonly target: Target;
  readonly make: Method;
}

/** Makes a patch that attaches the changes that `plan` returns for a model. */
export function adapterPatch(name: string, plan: (model: LayersLike) => readonly PlannedChange[]): AdapterPatch {
  return {
    name,
    apply: (model) => attachAll(name, changesOf(model, plan(model))),
  };
}

/** Makes all changes, or none if one of them cannot be made. All problems are in one error. */
function changesOf({ name }: LayersLike, planned: readonly PlannedChange[]): readonly Change[] {
  const changes: Change[] = [];
  const problems: Error[] = [];
  for (const { target, make } of planned) {
    try {
      changes.push(make(target));
    } catch (error) {
      if (!(error instanceof OptionsError)) throw error;
      problems.push(error);
    }
  }
  if (problems.length === 0) return changes;
  for (const { params, constants = [] } of changes)
    tf.dispose([...params.map(({ variable }) => variable), ...constants]);
  throw new OptionsError(
    `The adapter does not suit \`${name}\`: ${problems.length} of ${planned.length} weights cannot be changed.`,
    problems.map(({ message }) => message).join("\n"),
  );
}

function attachAll(method: string, changes: readonly Change[]): AdapterHandle {
  const entries: Attached[] = changes.map((change) => ({ change, active: true, rows: undefined }));
  const detach = entries.map(attach);
  const added = changes.flatMap(({ params }) => params);
  const size = added.reduce((sum, { variable }) => sum + variable.size, 0);
  let active = true;
  let merged: Merged | undefined;
  const setActive = (): void => {
    for (const entry of entries) entry.active = active && !merged;
  };
  const free = (): void => {
    for (const undo of detach.splice(0)) undo();
    for (const { variable } of added) if (!variable.isDisposed) variable.dispose();
    for (const { constants = [] } of changes) tf.dispose([...constants]);
  };
  const handle: AdapterHandle = {
    method,
    changes,
    added,
    summary: `${changes.length} weights adapted by ${method}, ${size.toLocaleString("en")} parameters added`,
    get active() {
      return active;
    },
    set active(value) {
      active = value;
      setActive();
    },
    get rows() {
      return entries[0]?.rows;
    },
    set rows(rows) {
      for (const entry of entries) entry.rows = rows;
    },
    get merged() {
      return merged !== undefined;
    },
    merge() {
      merged = mergeChanges(changes, { again: merged !== undefined, released: detach.length === 0 });
      setActive();
    },
    unmerge() {
      if (!merged) throw new GraftError("The adapter is not merged.", "Call merge() first.");
      const change = merged.undo();
      merged = undefined;
      setActive();
      return change;
    },
    mergeAndUnload() {
      if (!merged) handle.merge();
      merged?.forget();
      merged = undefined;
      free();
    },
    restore() {
      if (merged) handle.unmerge();
      free();
    },
  };
  return handle;
}

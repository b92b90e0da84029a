import { type HookedOptimizer, type Param, selectParams } from "@graftjs/core";
import type { Changes, CutModel, ModelAdapter } from "../../models/adapter/model-adapter.ts";
import type { ParsedOptions } from "../../options/fine-tune-options.ts";
import { freezeExactly } from "./snapshot.ts";

/** A stretch of epochs in which the same parameters are trained. */
export interface Phase {
  /** First epoch. */
  readonly from: number;
  readonly params: readonly Param[];
  readonly cut: CutModel;
}

/** Returns the phases of a run in order. Each phase trains the parameters of the one before and some more. */
export function phasesOf(
  adapter: ModelAdapter,
  all: readonly Param[],
  { trainable, unfreeze }: Pick<ParsedOptions, "trainable" | "unfreeze">,
  changes: Changes,
): readonly Phase[] {
  const chosen = new Set(selectParams(all, trainable, "`trainable`"));
  const phases: Phase[] = [];
  const open = (from: number): void => {
    const params = all.filter((param) => chosen.has(param));
    phases.push({ from, params, cut: adapter.cut(params, changes) });
  };
  open(0);
  for (const { epoch, trainable: more } of [...unfreeze].sort((a, b) => a.epoch - b.epoch)) {
    for (const param of selectParams(all, more, "`unfreeze`")) chosen.add(param);
    open(epoch);
  }
  return phases;
}

/** Trains exactly the parameters of a phase from now on. A parameter that was trained before keeps its slots. */
export function enterPhase(optimizer: HookedOptimizer, { params }: Phase): void {
  const active = new Set(params.map(({ name }) => name));
  freezeExactly(
    optimizer,
    optimizer.params.map(({ name }) => name).filter((name) => !active.has(name)),
  );
}

/** Returns the phase that contains `epoch`. */
export function phaseAt(phases: readonly Phase[], epoch: number): Phase {
  return phases.findLast(({ from }) => from <= epoch) as Phase;
}

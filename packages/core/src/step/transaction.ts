import * as tf from "@tensorflow/tfjs-core";
import { type Param, type ParamInfo, variablesOf } from "../params/params.ts";
import type { TensorMap } from "../params/tensor-map.ts";
import { cloneBorrowed, disposeReplaced, type StateTree, tensorsOf, tidyTree } from "../state/tree.ts";
import { carryOver } from "./carry.ts";
import type { OptimizerState, StepResult } from "./compose.ts";
import type { AnyHook, AnyRule } from "./hook.ts";

/**
 * Owns the optimizer's state and its memory. A step either commits as a whole (weights, state, freed tensors) or
 * changes nothing: all transforms run inside one tidy, and weights are assigned only after every transform has returned.
 */
export class StateTransaction {
  readonly #hook: AnyHook;
  readonly #rule: AnyRule;
  readonly #params: readonly Param[];
  readonly #names: ReadonlySet<string>;
  #state: OptimizerState | undefined;
  /** Names that the state has slots for. */
  #slotsFor = "";

  constructor(hook: AnyHook, rule: AnyRule, params: readonly Param[]) {
    this.#hook = hook;
    this.#rule = rule;
    this.#params = params;
    this.#names = new Set(params.map(({ name }) => name));
  }

  /** Current state. Undefined before the first step. */
  get state(): OptimizerState | undefined {
    return this.#state;
  }

  /** Returns fresh slots for `params`. The caller owns the tensors. */
  initial(params: readonly Param[]): OptimizerState {
    return tidyTree(() => {
      const variables = variablesOf(params);
      return cloneBorrowed(this.#init(variables), new Set(Object.values(variables))) as OptimizerState;
    });
  }

  /** Takes over `state` and its tensors. Frees the former state. */
  replace(state: OptimizerState | undefined): void {
    const old = this.#state;
    for (const tensor of tensorsOf(state ?? null)) tf.keep(tensor);
    this.#state = state;
    this.#slotsFor = "";
    disposeReplaced(old ?? null, state ?? null);
  }

  /**
   * Runs `step` and commits its result.
   *
   * @param step gets the state with slots for all active parameters, and a function that makes a new state the
   *   optimizer's own: it clones borrowed tensors and carries over the slots of frozen parameters.
   * @returns whether the step counts.
   */
  run(
    active: readonly Param[],
    grads: TensorMap,
    step: (before: OptimizerState, own: (old: StateTree, next: StateTree) => StateTree) => StepResult,
  ): boolean {
    const params = variablesOf(active);
    const slotsFor = Object.keys(params).join();
    const old = this.#state;
    const someFrozen = active.length < this.#params.length;
    const borrowed = new Set([...Object.values(params), ...Object.values(grads)]);
    const own = (before: StateTree, next: StateTree): StateTree =>
      cloneBorrowed(someFrozen ? carryOver(before, next, this.#names) : next, borrowed);
    // Not returned through tidy: tidy would walk the result and track every tensor in the caller's scope.
    let result: StepResult | undefined;
    tf.tidy(() => {
      const before = slotsFor === this.#slotsFor && old ? old : this.#withSlots(params);
      result = step(before, own);
      for (const tensor of tensorsOf(result.state)) tf.keep(tensor);
      for (const tensor of Object.values(result.values)) tf.keep(tensor);
    });
    if (!result) return false;
    for (const { name, variable } of active) {
      const value = result.values[name];
      if (value) variable.assign(value);
      value?.dispose();
    }
    this.#state = result.state;
    this.#slotsFor = slotsFor;
    disposeReplaced(old ?? null, result.state);
    return result.taken;
  }

  /** Returns the state, with fresh slots for parameters that have none yet. */
  #withSlots(params: TensorMap): OptimizerState {
    const fresh = this.#init(params);
    return (this.#state ? carryOver(fresh, this.#state, this.#names) : fresh) as OptimizerState;
  }

  #init(params: TensorMap): OptimizerState {
    const infos: readonly ParamInfo[] = this.#params;
    return { hooks: this.#hook.init(params, infos), rule: this.#rule.init(params, infos) };
  }
}

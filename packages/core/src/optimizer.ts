import * as tf from "@tensorflow/tfjs-core";
import { carryOver } from "./carry.ts";
import { chain } from "./chain.ts";
import { RecipeError } from "./errors.ts";
import { gradientsOf } from "./gradients.ts";
import type { AnyHook, AnyRule, StepContext } from "./hook.ts";
import { assertParams, isTrained, type Param, variablesOf } from "./params.ts";
import { assertRate, type RateMultiplier, type RatesAt, ratesOf } from "./rates.ts";
import { rateAt, type Schedule } from "./schedule.ts";
import { matcher, pick, type Selector } from "./select.ts";
import { unlessSkipped } from "./skip.ts";
import { disposeReplaced, owning, type StateTree, type TensorMap, tensorsOf, tidyTree } from "./tree.ts";
import { byName, updated } from "./update.ts";
import { fromWeights, toWeights, type Weights } from "./weights.ts";

export interface HookedOptimizerOptions {
  /** What is trained, in this order. See `namedParams`. */
  readonly params: readonly Param[];
  /** Gradient transformations, in order. @default [] */
  readonly hooks?: readonly AnyHook[];
  /** Turns the gradient into the update. */
  readonly rule: AnyRule;
  /** Number ≥ 0, or a schedule by step. */
  readonly learningRate: number | Schedule;
  /** Factors on the rate, multiplied where several match. @default [] */
  readonly rateMultipliers?: readonly RateMultiplier[];
}

/** State of hooks (by name) and of the rule. */
export type OptimizerState = { readonly hooks: StateTree; readonly rule: StateTree };

interface Outcome {
  readonly state: OptimizerState;
  readonly values: TensorMap;
  readonly taken: boolean;
}

/**
 * Hooks, then a rule, over named parameters. Goes wherever a `tf.Optimizer` goes: `model.compile`, `minimize`,
 * `applyGradients`.
 *
 * Weights are assigned only after every transform has returned: a hook that throws leaves weights, state and memory as
 * they were. State belongs to hook and parameter names, never to positions.
 *
 * @throws RecipeError, SelectionError or OptionsError at construction where hooks, rule, parameters and rates do not fit.
 */
export class HookedOptimizer extends tf.Optimizer {
  /** @nocollapse */
  static get className(): string {
    return "HookedOptimizer";
  }

  readonly params: readonly Param[];
  readonly hooks: readonly AnyHook[];
  readonly rule: AnyRule;
  readonly #hook: AnyHook;
  readonly #names: ReadonlySet<string>;
  readonly #ratesAt: RatesAt;
  #rate: number | Schedule;
  #state: OptimizerState | undefined;
  #slotsFor = "";
  #frozen: ReadonlySet<string> = new Set();
  #header: tf.Tensor | undefined;

  constructor({ params, hooks = [], rule, learningRate, rateMultipliers = [] }: HookedOptimizerOptions) {
    super();
    assertParams(params);
    if (rule?.terminal !== true) {
      throw new RecipeError(
        `\`${rule?.name ?? rule}\` stands where the update rule belongs.`,
        "Pass sgd(...), adam(...) or descend() as `rule`; hooks go into `hooks`.",
      );
    }
    assertRate(learningRate);
    this.params = params;
    this.hooks = hooks;
    this.rule = rule;
    this.#hook = chain(...hooks);
    this.#names = new Set(params.map(({ name }) => name));
    this.#rate = learningRate;
    this.#ratesAt = ratesOf(params, rateMultipliers);
    // What a hook has to say about the parameters (a mask that matches nothing) is said here, not in the middle of a run.
    tf.tidy(() => void this.initialState());
  }

  /** The rate of the next step. Assigning a number or a schedule replaces it: there is no other copy of this setting. */
  get learningRate(): number {
    return rateAt(this.#rate, this.iterations);
  }
  set learningRate(rate: number | Schedule) {
    assertRate(rate);
    this.#rate = rate;
  }

  /** Steps taken; a skipped one (`accumulate`) is not. Assign it only to move a schedule: `loadState` does so on resume. */
  get step(): number {
    return this.iterations;
  }
  set step(step: number) {
    this.iterations_ = step;
  }

  /** Names of the parameters that stay as they are until they are unfrozen. */
  get frozen(): readonly string[] {
    return [...this.#frozen];
  }

  /** Leaves the matching parameters out of the next steps. Their slots are kept. */
  freeze(selector: Selector): void {
    const names = pick(this.params, selector, "freeze").map(({ name }) => name);
    this.#frozen = new Set([...this.#frozen, ...names]);
  }

  /** Takes the matching parameters in again, with the slots they had. */
  unfreeze(selector: Selector): void {
    const select = matcher(this.params, selector, "unfreeze");
    const kept = this.params.filter((param) => this.#frozen.has(param.name) && !select(param));
    this.#frozen = new Set(kept.map(({ name }) => name));
  }

  /** The parameters of the next step: not frozen here, and not by `layer.trainable = false`. */
  get active(): readonly Param[] {
    return this.#without(this.#frozen);
  }

  #without(frozen: ReadonlySet<string>): readonly Param[] {
    return this.params.filter((param) => !frozen.has(param.name) && isTrained(param));
  }

  /**
   * As `tf.Optimizer.computeGradients`; without a list, of this optimizer's parameters rather than of the whole page. Where
   * `f` throws, no tensor is left, of the tape neither.
   */
  override computeGradients(
    f: () => tf.Scalar,
    varList: tf.Variable[] = this.active.map(({ variable }) => variable),
  ): { value: tf.Scalar; grads: tf.NamedTensorMap } {
    if (!tf.getGradient("Sum")) {
      throw new RecipeError(
        "No gradients are registered with tfjs-core.",
        'Add: import "@tensorflow/tfjs-layers" (or "@tensorflow/tfjs").',
      );
    }
    return gradientsOf(f, varList);
  }

  /** Gradients by `variable.name` in, as tfjs passes them; takes one step. Frees nothing that is the caller's. */
  override applyGradients(gradients: tf.NamedTensorMap | { name: string; tensor: tf.Tensor }[]): void {
    const pairs = Array.isArray(gradients) ? gradients.map(({ name, tensor }) => [name, tensor] as const) : [];
    const found = Array.isArray(gradients) ? Object.fromEntries(pairs) : gradients;
    const active = this.active;
    this.#step(
      active,
      byName(active, ({ variable }) => found[variable.name]),
    );
  }

  /** One step from gradients by parameter name. `loss` reaches the hooks' context. */
  applyNamed(grads: TensorMap, loss?: tf.Scalar): void {
    const active = this.active;
    this.#step(
      active,
      byName(active, ({ name }) => grads[name]),
      loss,
    );
  }

  #step(active: readonly Param[], grads: TensorMap, loss?: tf.Scalar): void {
    const params = variablesOf(active);
    const slotsFor = Object.keys(params).join();
    const old = this.#state;
    // Kept from within, not handed through tidy's result: tidy would walk it and track every tensor in the caller's scope.
    let out: Outcome | undefined;
    tf.tidy(() => {
      const before = slotsFor === this.#slotsFor && old ? old : this.#withSlots(params);
      out = this.#transformed(active, grads, before, this.#context(params, loss), params);
      for (const tensor of tensorsOf(out.state)) tf.keep(tensor);
      for (const tensor of Object.values(out.values)) tf.keep(tensor);
    });
    if (!out) return;
    for (const { name, variable } of active) {
      const value = out.values[name];
      if (value) variable.assign(value);
      value?.dispose();
    }
    this.#state = out.state;
    this.#slotsFor = slotsFor;
    disposeReplaced(old ?? null, out.state);
    if (out.taken) this.incrementIterations();
  }

  /** New state, owned by the optimizer, and new values of the weights (none where a fused kernel has written them). */
  #transformed(
    active: readonly Param[],
    grads: TensorMap,
    before: OptimizerState,
    ctx: StepContext,
    params: TensorMap,
  ): Outcome {
    const some = active.length < this.params.length;
    const foreign = new Set([...Object.values(params), ...Object.values(grads)]);
    const owned = (old: StateTree, next: StateTree): StateTree =>
      owning(some ? carryOver(old, next, this.#names) : next, foreign);
    const hooked = this.#hook.transform(grads, before.hooks, ctx);
    const hooks = owned(before.hooks, hooked.state);
    if (hooked.skip === true) {
      return { state: { hooks, rule: owned(before.rule, before.rule) }, values: {}, taken: false };
    }
    const skip = hooked.skip || undefined;
    // Last of all that can throw: a fused kernel writes the weights.
    const fused = skip ? undefined : this.#fused(active, hooked.grads, before.rule, ctx);
    if (fused) return { state: { hooks, rule: owned(before.rule, fused.state) }, values: {}, taken: true };
    const ruled = this.rule.transform(hooked.grads, before.rule, ctx);
    const next = skip ? unlessSkipped(skip, before.rule, ruled.state) : ruled.state;
    return {
      state: { hooks, rule: owned(before.rule, next) },
      values: updated(active, ruled.grads, skip),
      taken: true,
    };
  }

  #context(params: TensorMap, loss: tf.Scalar | undefined): StepContext {
    const { iterations: step, learningRate, params: infos } = this;
    const rates = this.#ratesAt(step, learningRate);
    return { step, learningRate, rates, params, infos, ...(loss ? { loss } : {}) };
  }

  /** The state, with fresh slots for parameters that have none. */
  #withSlots(params: TensorMap): OptimizerState {
    const fresh = { hooks: this.#hook.init(params, this.params), rule: this.rule.init(params, this.params) };
    return (this.#state ? carryOver(fresh, this.#state, this.#names) : fresh) as OptimizerState;
  }

  #fused(
    active: readonly Param[],
    grads: TensorMap,
    state: StateTree,
    ctx: StepContext,
  ): { state: StateTree } | undefined {
    // A constraint may throw, and by then a fused kernel would have written.
    if (!this.rule.applyFused || active.some(({ constraint }) => constraint)) return undefined;
    return this.rule.applyFused(variablesOf(active), grads, state, ctx);
  }

  /** State as it stands: undefined before the first step. Read only; see `saveState`. */
  get state(): OptimizerState | undefined {
    return this.#state;
  }

  /** Slots before the first step, for a checkpoint to be compared with. @param frozen names that get none. */
  initialState(frozen: readonly string[] = this.frozen): OptimizerState {
    return tidyTree(() => {
      const params = variablesOf(this.#without(new Set(frozen)));
      const state = { hooks: this.#hook.init(params, this.params), rule: this.rule.init(params, this.params) };
      return owning(state, new Set(Object.values(params))) as OptimizerState;
    });
  }

  /** Takes over `state` and its tensors. The former state is freed. */
  replaceState(state: OptimizerState | undefined, step: number): void {
    const old = this.#state;
    for (const tensor of tensorsOf(state ?? null)) tf.keep(tensor);
    this.#state = state;
    this.#slotsFor = "";
    this.iterations_ = step;
    disposeReplaced(old ?? null, state ?? null);
  }

  /** The state for `model.save(url, { includeOptimizer: true })`. The tensors stay the optimizer's: do not dispose them. */
  override async getWeights(): Promise<Weights> {
    this.#header?.dispose();
    const weights = toWeights(this);
    this.#header = weights[0]?.tensor;
    return weights;
  }

  /** Takes over what `getWeights` of an optimizer of the same composition returned. @throws StateError where it does not fit. */
  override async setWeights(weights: Weights): Promise<void> {
    await fromWeights(this, weights);
  }

  /** Frees the state. The parameters are the model's and stay. */
  override dispose(): void {
    this.#header?.dispose();
    this.#header = undefined;
    this.replaceState(undefined, this.iterations);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { hooks: this.hooks.map(({ name }) => name), rule: this.rule.name, learningRate: this.learningRate };
  }
}

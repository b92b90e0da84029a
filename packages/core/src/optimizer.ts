import * as tf from "@tensorflow/tfjs-core";
import { carryOver } from "./carry.ts";
import { chain } from "./chain.ts";
import { list, OptionsError, RecipeError, SelectionError } from "./errors.ts";
import type { AnyHook, AnyRule, StepContext } from "./hook.ts";
import type { Param } from "./params.ts";
import { rateAt, type Schedule } from "./schedule.ts";
import { matcher, pick, type Selector } from "./select.ts";
import { disposeReplaced, mapTree, type StateTree, type TensorMap, tidyTree, visitTensors } from "./tree.ts";

/** A factor on the learning rate of some parameters, constant or by step. */
export interface RateMultiplier {
  readonly on: Selector;
  readonly by: number | Schedule;
}

export interface HookedOptimizerOptions {
  /** What is trained, in this order. See `namedParams`. */
  readonly params: readonly Param[];
  /** Gradient transformations, in order. @default [] */
  readonly hooks?: readonly AnyHook[];
  /** Turns the gradient into the update. */
  readonly rule: AnyRule;
  /** Positive number, or a schedule by step. */
  readonly learningRate: number | Schedule;
  /** Factors on the rate, multiplied where several match. @default [] */
  readonly rateMultipliers?: readonly RateMultiplier[];
}

/** State of hooks (by name) and of the rule. */
export type OptimizerState = { readonly hooks: StateTree; readonly rule: StateTree };

/**
 * Hooks, then a rule, over named parameters. Goes wherever a `tf.Optimizer` goes: `model.compile`, `minimize`,
 * `applyGradients`.
 *
 * Weights are assigned only after every transform has returned: a hook that throws leaves weights, state and memory as
 * they were. State belongs to hook and parameter names, never to positions.
 *
 * @throws RecipeError at construction where hooks, rule and parameters do not fit together.
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
  readonly #multipliers: readonly { readonly select: (param: Param) => boolean; readonly by: number | Schedule }[];
  #rate: number | Schedule;
  #state: OptimizerState | undefined;
  #frozen: ReadonlySet<string> = new Set();

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
    this.#rate = learningRate;
    this.#multipliers = rateMultipliers.map(({ on, by }) => ({ select: matcher(params, on, "A rate multiplier"), by }));
  }

  /** The rate of the next step. Assigning a number or a schedule replaces it: there is no other copy of this setting. */
  get learningRate(): number {
    return rateAt(this.#rate, this.iterations);
  }
  set learningRate(rate: number | Schedule) {
    assertRate(rate);
    this.#rate = rate;
  }

  /** Steps taken. Assign it only to move a schedule: `loadState` does so on resume. */
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
    return this.params.filter(({ name, variable }) => !this.#frozen.has(name) && variable.trainable);
  }

  /** As `tf.Optimizer.computeGradients`; without a list, of this optimizer's parameters rather than of the whole page. */
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
    return super.computeGradients(f, varList);
  }

  /** Gradients by `variable.name` in, as tfjs passes them; takes one step. Frees nothing that is the caller's. */
  override applyGradients(gradients: tf.NamedTensorMap | { name: string; tensor: tf.Tensor }[]): void {
    const pairs = Array.isArray(gradients)
      ? gradients.map(({ name, tensor }) => [name, tensor] as const)
      : Object.entries(gradients);
    const active = this.active;
    this.#step(active, byName(active, new Map(pairs)));
  }

  /** One step from gradients by parameter name. `loss` reaches the hooks' context. */
  applyNamed(grads: TensorMap, loss?: tf.Scalar): void {
    const active = this.active;
    this.#step(active, byName(active, new Map(active.map(({ name, variable }) => [variable.name, grads[name]]))), loss);
  }

  #step(active: readonly Param[], grads: TensorMap, loss?: tf.Scalar): void {
    const params: TensorMap = Object.fromEntries(active.map(({ name, variable }) => [name, variable]));
    const ctx = this.#context(params, loss);
    const old = this.#state;
    const out = tidyTree(() => {
      const before = this.#prepared(params);
      const hooked = this.#hook.transform(grads, before.hooks, ctx);
      const fused = this.#fused(active, hooked.grads, before.rule, ctx);
      const ruled = fused ? { grads: {}, state: fused.state } : this.rule.transform(hooked.grads, before.rule, ctx);
      const values = fused ? {} : updated(active, ruled.grads);
      const state = { hooks: hooked.state, rule: ruled.state };
      return { state: this.#owned(carryOver(before, state, this.#names), params, grads), values };
    });
    for (const { name, variable } of active) {
      const value = out.values[name];
      if (value) variable.assign(value);
    }
    tf.dispose(out.values as tf.NamedTensorMap);
    visitTensors(out.state, (tensor) => tf.keep(tensor));
    this.#state = out.state;
    disposeReplaced(old ?? null, out.state);
    this.incrementIterations();
  }

  get #names(): ReadonlySet<string> {
    return new Set(this.params.map(({ name }) => name));
  }

  #context(params: TensorMap, loss: tf.Scalar | undefined): StepContext {
    const step = this.iterations;
    const learningRate = this.learningRate;
    const rates = Object.fromEntries(
      this.params.map((param) => [
        param.name,
        this.#multipliers.reduce(
          (rate, { select, by }) => (select(param) ? rate * rateAt(by, step) : rate),
          learningRate,
        ),
      ]),
    );
    return { step, learningRate, rates, params, infos: this.params, ...(loss ? { loss } : {}) };
  }

  /** The state with slots for every active parameter: as it is, or with fresh slots for newcomers. */
  #prepared(params: TensorMap): OptimizerState {
    const known = this.#state;
    const key = Object.keys(params).join();
    if (known && key === this.#preparedFor) return known;
    const fresh = { hooks: this.#hook.init(params, this.params), rule: this.rule.init(params, this.params) };
    this.#preparedFor = key;
    return (known ? carryOver(fresh, known, this.#names) : fresh) as OptimizerState;
  }
  #preparedFor: string | undefined;

  #fused(
    active: readonly Param[],
    grads: TensorMap,
    state: StateTree,
    ctx: StepContext,
  ): { state: StateTree } | undefined {
    // A constraint may throw, and by then a fused kernel would have written.
    if (!this.rule.applyFused || active.some(({ constraint }) => constraint)) return undefined;
    const variables = Object.fromEntries(active.map(({ name, variable }) => [name, variable]));
    return this.rule.applyFused(variables, grads, state, ctx);
  }

  /** Clones what is the caller's, so that the state owns all its tensors. */
  #owned(state: StateTree, ...borrowed: readonly TensorMap[]): OptimizerState {
    const foreign = new Set(borrowed.flatMap((map) => Object.values(map).map(({ id }) => id)));
    return mapTree(state, (tensor) => (foreign.has(tensor.id) ? tf.clone(tensor) : tensor)) as OptimizerState;
  }

  /** State as it stands: undefined before the first step. Read only; see `saveState`. */
  get state(): OptimizerState | undefined {
    return this.#state;
  }

  /** Slots for the active parameters before the first step, for a checkpoint to be compared with. */
  initialState(): OptimizerState {
    return tidyTree(() => {
      const params = Object.fromEntries(this.active.map(({ name, variable }) => [name, variable]));
      const state = { hooks: this.#hook.init(params, this.params), rule: this.rule.init(params, this.params) };
      return this.#owned(state, params);
    });
  }

  /** Takes over `state` and its tensors. The former state is freed. */
  replaceState(state: OptimizerState | undefined, step: number): void {
    const old = this.#state;
    if (state) visitTensors(state, (tensor) => tf.keep(tensor));
    this.#state = state;
    this.#preparedFor = undefined;
    this.iterations_ = step;
    disposeReplaced(old ?? null, state ?? null);
  }

  /** Frees the state. The parameters are the model's and stay. */
  override dispose(): void {
    this.replaceState(undefined, this.iterations);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { hooks: this.hooks.map(({ name }) => name), rule: this.rule.name, learningRate: this.learningRate };
  }
}

/** New values of the parameters: the update subtracted, constraints applied. */
function updated(active: readonly Param[], updates: TensorMap): TensorMap {
  const wrong = active
    .filter(({ name, shape }) => String(updates[name]?.shape) !== String(shape))
    .map(({ name }) => name);
  if (wrong.length > 0) {
    throw new RecipeError(
      `The update of ${list(wrong)} is missing or has another shape.`,
      "A hook or rule returns the names and shapes it was given.",
    );
  }
  return Object.fromEntries(
    active.map(({ name, variable, constraint }) => {
      const value = tf.sub(variable, updates[name] as tf.Tensor);
      return [name, constraint ? constraint(value) : value];
    }),
  );
}

/** Gradients under stable names: exactly one for each active parameter, or an error that names those without. */
function byName(active: readonly Param[], byVariable: ReadonlyMap<string, tf.Tensor | null | undefined>): TensorMap {
  const without = active.filter(({ variable }) => !byVariable.get(variable.name)).map(({ name }) => name);
  if (without.length > 0) {
    throw new SelectionError(
      `No gradient for ${list(without)}.`,
      "Is it connected to the loss, and trainable? If it should stay as it is, leave it out of `params` or freeze it.",
    );
  }
  return Object.fromEntries(active.map(({ name, variable }) => [name, byVariable.get(variable.name) as tf.Tensor]));
}

function assertParams(params: readonly Param[]): void {
  if (params.length === 0) {
    throw new SelectionError(
      "The optimizer has no parameters.",
      "Pass namedParams(model); is anything in the model trainable?",
    );
  }
  const names = params.map(({ name }) => name);
  const twice = names.filter((name, i) => names.indexOf(name) !== i);
  if (twice.length > 0)
    throw new SelectionError(
      `Two parameters are named ${list(twice)}.`,
      "Names are keys of the state: make them differ.",
    );
}

function assertRate(rate: number | Schedule): void {
  if (typeof rate === "function" || (typeof rate === "number" && rate >= 0 && Number.isFinite(rate))) return;
  throw new OptionsError(`learningRate is ${rate}.`, "A number ≥ 0, or a schedule: (step) => number.");
}

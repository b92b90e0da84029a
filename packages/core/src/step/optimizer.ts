import * as tf from "@tensorflow/tfjs-core";
import { RecipeError } from "../errors.ts";
import { assertParams, isTrained, type Param, variablesOf } from "../params/params.ts";
import { matcher, type Selector, selectParams } from "../params/select.ts";
import type { TensorMap } from "../params/tensor-map.ts";
import { fromWeights, toWeights, type Weights } from "../state/weights.ts";
import { chain } from "./chain.ts";
import { type OptimizerState, takeStep } from "./compose.ts";
import { gradientsOf } from "./gradients.ts";
import type { AnyHook, AnyRule, StepContext } from "./hook.ts";
import { assertRate, type RateMultiplier, type RatesAt, ratesOf } from "./rates.ts";
import { rateAt, type Schedule } from "./schedule.ts";
import { StateTransaction } from "./transaction.ts";
import { gradientsByName } from "./update.ts";

export interface HookedOptimizerOptions {
  /** Parameters to train, in this order. See `namedParams`. */
  readonly params: readonly Param[];
  /** Gradient transformations, in order. @default [] */
  readonly hooks?: readonly AnyHook[];
  /** Turns the gradient into the update. */
  readonly rule: AnyRule;
  /** A number ≥ 0, or a schedule by step. */
  readonly learningRate: number | Schedule;
  /** Factors on the rate of some parameters. If several match a parameter, they are multiplied. @default [] */
  readonly rateMultipliers?: readonly RateMultiplier[];
}

/**
 * Runs hooks, then a rule, over named parameters. It is a `tf.Optimizer`: use it in `model.compile`, `minimize` or
 * `applyGradients`.
 *
 * Weights are assigned only after every transform has returned: if a hook throws, weights, state and memory stay as
 * they were. State belongs to hook names and parameter names, never to positions.
 *
 * @throws RecipeError, SelectionError or OptionsError at construction if hooks, rule, parameters and rates do not fit.
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
  readonly #ratesAt: RatesAt;
  readonly #transaction: StateTransaction;
  #rate: number | Schedule;
  #frozen: ReadonlySet<string> = new Set();
  #header: tf.Tensor | undefined;

  constructor({ params, hooks = [], rule, learningRate, rateMultipliers = [] }: HookedOptimizerOptions) {
    super();
    assertParams(params);
    if (rule?.terminal !== true) {
      throw new RecipeError(
        `\`${rule?.name ?? rule}\` is not an update rule.`,
        "Pass sgd(...), adam(...) or gradientDescent() as `rule`, and hooks as `hooks`.",
      );
    }
    assertRate(learningRate);
    this.params = params;
    this.hooks = hooks;
    this.rule = rule;
    this.#hook = chain(...hooks);
    this.#rate = learningRate;
    this.#ratesAt = ratesOf(params, rateMultipliers);
    this.#transaction = new StateTransaction(this.#hook, rule, params);
    // Hooks check their selectors in `init`. Calling it here reports a mask that matches nothing before the run starts.
    tf.tidy(() => void this.initialState());
  }

  /** Rate of the next step. Assign a number or a schedule to replace it: no other copy of this setting exists. */
  get learningRate(): number {
    return rateAt(this.#rate, this.iterations);
  }
  set learningRate(rate: number | Schedule) {
    assertRate(rate);
    this.#rate = rate;
  }

  /** Number of steps taken. Skipped steps (`accumulate`) do not count. Assign it only to move a schedule, as `loadState` does. */
  get step(): number {
    return this.iterations;
  }
  set step(step: number) {
    this.iterations_ = step;
  }

  /** Names of the parameters that do not change until they are unfrozen. */
  get frozen(): readonly string[] {
    return [...this.#frozen];
  }

  /** Leaves the matching parameters out of the next steps. Their slots are kept. */
  freeze(selector: Selector): void {
    const names = selectParams(this.params, selector, "freeze").map(({ name }) => name);
    this.#frozen = new Set([...this.#frozen, ...names]);
  }

  /** Includes the matching parameters again, with the slots they had. */
  unfreeze(selector: Selector): void {
    const select = matcher(this.params, selector, "unfreeze");
    const kept = this.params.filter((param) => this.#frozen.has(param.name) && !select(param));
    this.#frozen = new Set(kept.map(({ name }) => name));
  }

  /** Parameters of the next step: neither frozen here nor by `layer.trainable = false`. */
  get active(): readonly Param[] {
    return this.#without(this.#frozen);
  }

  #without(frozen: ReadonlySet<string>): readonly Param[] {
    return this.params.filter((param) => !frozen.has(param.name) && isTrained(param));
  }

  /**
   * Computes gradients like `tf.Optimizer.computeGradients`. Without `varList` it uses this optimizer's parameters, not
   * every variable of the page. If `f` throws, no tensor is left, not even on the tape.
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

  /** Takes one step from gradients by `variable.name`, as tfjs passes them. The caller's tensors are not freed. */
  override applyGradients(gradients: tf.NamedTensorMap | { name: string; tensor: tf.Tensor }[]): void {
    const pairs = Array.isArray(gradients) ? gradients.map(({ name, tensor }) => [name, tensor] as const) : [];
    const found = Array.isArray(gradients) ? Object.fromEntries(pairs) : gradients;
    const { active } = this;
    const grads = gradientsByName(active, ({ variable }) => found[variable.name]);
    this.#step(active, grads);
  }

  /**
   * Takes one step from gradients by parameter name. Hooks find `loss` in their context.
   *
   * @param hook runs in place of all hooks, for a caller that has run them already. It returns their state, see `chain`.
   */
  applyNamed(grads: TensorMap, loss?: tf.Scalar, hook?: AnyHook): void {
    const { active } = this;
    const complete = gradientsByName(active, ({ name }) => grads[name]);
    this.#step(active, complete, loss, hook);
  }

  #step(active: readonly Param[], grads: TensorMap, loss?: tf.Scalar, hook: AnyHook = this.#hook): void {
    const parts = { hook, rule: this.rule };
    const taken = this.#transaction.run(active, grads, (before, own) =>
      takeStep(parts, active, grads, before, this.#context(variablesOf(active), loss), own),
    );
    if (taken) this.incrementIterations();
  }

  #context(params: TensorMap, loss: tf.Scalar | undefined): StepContext {
    const { iterations: step, learningRate, params: infos } = this;
    const rates = this.#ratesAt(step, learningRate);
    return { step, learningRate, rates, params, infos, ...(loss ? { loss } : {}) };
  }

  /** Current state, read only. Undefined before the first step. See `saveState`. */
  get state(): OptimizerState | undefined {
    return this.#transaction.state;
  }

  /** Returns the slots before the first step. @param frozen names that get no slots. @default the frozen parameters */
  initialState(frozen: readonly string[] = this.frozen): OptimizerState {
    return this.#transaction.initial(this.#without(new Set(frozen)));
  }

  /** Takes over `state` and its tensors. The former state is freed. */
  replaceState(state: OptimizerState | undefined, step: number): void {
    this.#transaction.replace(state);
    this.iterations_ = step;
  }

  /** Returns the state for `model.save(url, { includeOptimizer: true })`. The optimizer owns the tensors: do not dispose them. */
  override async getWeights(): Promise<Weights> {
    this.#header?.dispose();
    const weights = toWeights(this);
    this.#header = weights[0]?.tensor;
    return weights;
  }

  /** Loads the result of `getWeights` of an optimizer with the same parts. @throws StateError if it does not fit. */
  override async setWeights(weights: Weights): Promise<void> {
    await fromWeights(this, weights);
  }

  /** Frees the state. The parameters belong to the model and stay. */
  override dispose(): void {
    this.#header?.dispose();
    this.#header = undefined;
    this.replaceState(undefined, this.iterations);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { hooks: this.hooks.map(({ name }) => name), rule: this.rule.name, learningRate: this.learningRate };
  }
}

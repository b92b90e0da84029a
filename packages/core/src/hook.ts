import type * as tf from "@tensorflow/tfjs-core";
import type { ParamInfo } from "./params.ts";
import type { StateTree, TensorMap, VariableMap } from "./tree.ts";

/** What every hook is told about the step: the same for all of them, always complete. */
export interface StepContext {
  /** 0 on the first step. */
  readonly step: number;
  /** The rate of this step, already read from the schedule. */
  readonly learningRate: number;
  /** The same times each parameter's own multiplier, by name: what an update rule uses. */
  readonly rates: { readonly [name: string]: number };
  /** Current values under the names of the gradients: the parameters that are not frozen in this step. Read only. */
  readonly params: TensorMap;
  /** What is known of every parameter of the optimizer, frozen ones too; the same array every step. */
  readonly infos: readonly ParamInfo[];
  /** The loss whose gradient this is, where the caller has it: absent inside `model.fit`. */
  readonly loss?: tf.Scalar;
}

/** Gradients and state after a transform: the same names, shapes and dtypes as went in. */
export interface Transformed<S extends StateTree = StateTree> {
  readonly grads: TensorMap;
  readonly state: S;
  /**
   * The step is not taken: weights, step count and the state of what has not run stay. `true` ends the step at this hook
   * (accumulation); a bool scalar leaves the answer to the device, where nothing can be ended, and there every other part's
   * tensors stay too (a gradient that is not finite). Only the state of the hook that says so is the new one.
   * @default false
   */
  readonly skip?: boolean | tf.Tensor;
}

/**
 * A pure gradient transformation: gradients and state in, gradients and state out (the pair of functions of optax's
 * `GradientTransformation`).
 *
 * Both functions run inside one `tf.tidy` and are synchronous. A hook never disposes, never keeps and never reads a
 * tensor back: what it returns lives on, everything else is freed, and what the new state stops mentioning is freed by
 * the optimizer. It may return its inputs as they are.
 *
 * What a hook keeps for a parameter stands in an object under that parameter's name, at any depth of its state. Core
 * then keeps it through freezing and unfreezing: `grads` may hold fewer names than the state does, and `init` is asked
 * again, for the newcomers alone, when a parameter joins.
 */
export interface OptimizerHook<S extends StateTree = StateTree> {
  /** Unique among the hooks of an optimizer; the key of its state in a checkpoint. */
  readonly name: string;
  /** Raised when the layout of the state changes, so that an older checkpoint is refused by name. @default 1 */
  readonly stateVersion?: number;
  init(params: TensorMap, infos: readonly ParamInfo[]): S;
  transform(grads: TensorMap, state: S, ctx: StepContext): Transformed<S>;
  /** Never on a hook: see {@link UpdateRule}. */
  readonly terminal?: never;
}

/**
 * Stands last, exactly once: turns gradients into what is subtracted from the parameters.
 *
 * The same two functions as a hook, and a type of its own, so that a rule among hooks or behind a mask does not compile:
 * a mask lets raw gradients pass, and raw gradients would be subtracted.
 */
export interface UpdateRule<S extends StateTree = StateTree> {
  readonly terminal: true;
  readonly name: string;
  readonly stateVersion?: number;
  init(params: TensorMap, infos: readonly ParamInfo[]): S;
  transform(grads: TensorMap, state: S, ctx: StepContext): Transformed<S>;
  /**
   * Optional: the whole step in place by one kernel, where the current backend has it (see `runFused`). Returns
   * `undefined`, having written nothing, where it has not. Equal to `transform` to float32 rounding.
   */
  applyFused?(variables: VariableMap, grads: TensorMap, state: S, ctx: StepContext): { readonly state: S } | undefined;
}

// Hooks of any state fit one list: the optimizer hands each its own state back, so the type parameter may be erased.
// biome-ignore lint/suspicious/noExplicitAny: `S` is both input and output; only `any` is assignable both ways.
export type AnyHook = OptimizerHook<any>;
// biome-ignore lint/suspicious/noExplicitAny: as above.
export type AnyRule = UpdateRule<any>;

/** Infers the state from `init`, so that `transform` needs no cast. Returns `hook` itself. */
export function defineHook<S extends StateTree>(hook: OptimizerHook<S>): OptimizerHook<S> {
  return hook;
}

/** A hook without memory: `fn` maps gradients to gradients. */
export function stateless(name: string, fn: (grads: TensorMap, ctx: StepContext) => TensorMap): OptimizerHook<null> {
  return { name, init: () => null, transform: (grads, state, ctx) => ({ grads: fn(grads, ctx), state }) };
}

import type * as tf from "@tensorflow/tfjs-core";
import type { ParamInfo } from "../params/params.ts";
import type { TensorMap, VariableMap } from "../params/tensor-map.ts";
import type { StateTree } from "../state/tree.ts";

/** Facts about the current step. Every hook gets the same, complete context. */
export interface StepContext {
  /** Index of the step. The first step is 0. */
  readonly step: number;
  /** Learning rate of this step, already read from the schedule. */
  readonly learningRate: number;
  /** `learningRate` times each parameter's own multiplier, by parameter name. Update rules use these. */
  readonly rates: { readonly [name: string]: number };
  /** Current values of the parameters that are not frozen in this step, under the names of the gradients. Read only. */
  readonly params: TensorMap;
  /** Descriptions of all parameters of the optimizer, frozen ones too. The same array in every step. */
  readonly infos: readonly ParamInfo[];
  /** The loss behind the gradients, if the caller has it. `model.fit` does not pass it. */
  readonly loss?: tf.Scalar;
}

/** Gradients and state that a hook returns. Names, shapes and dtypes are those that went in. */
export interface Transformed<S extends StateTree = StateTree> {
  readonly grads: TensorMap;
  readonly state: S;
  /**
   * `true`: skip this step; later hooks and the rule do not run (accumulation). A bool scalar: decided on the device;
   * everything runs, but results are discarded if the scalar is true (a gradient that is not finite). In a skipped step
   * weights and step count stay, and only the hook that skipped keeps its new state.
   * @default false
   */
  readonly skip?: boolean | tf.Tensor;
}

/** Updates and state that a rule returns. Each update is subtracted from the parameter of the same name. */
export interface Ruled<S extends StateTree = StateTree> {
  readonly updates: TensorMap;
  readonly state: S;
}

/**
 * A pure gradient transformation: gradients and state in, gradients and state out, like optax's
 * `GradientTransformation`.
 *
 * Both functions are synchronous and run inside one `tf.tidy`. A hook never disposes, never keeps and never reads a
 * tensor back. Returned tensors live; all others are freed. The optimizer frees a state tensor when the new state no
 * longer mentions it. A hook may return its inputs unchanged.
 *
 * If a hook keeps something per parameter, it stores it in an object under the parameter's name, at any depth of its
 * state. Core then keeps it through freezing and unfreezing: `grads` may hold fewer names than the state, and when a
 * parameter joins later, `init` is called again for the new names only.
 */
export interface OptimizerHook<S extends StateTree = StateTree> {
  /** Unique among the hooks of an optimizer. It is the key of the hook's state in a checkpoint. */
  readonly name: string;
  /** Increase it when the layout of the state changes, so that older checkpoints are refused by name. @default 1 */
  readonly stateVersion?: number;
  init(params: TensorMap, infos: readonly ParamInfo[]): S;
  transform(grads: TensorMap, state: S, ctx: StepContext): Transformed<S>;
  /** Name of a rule or hook that must not be combined with this one → the reason. */
  readonly conflicts?: Readonly<Record<string, string>>;
  /** Never set on a hook: see {@link UpdateRule}. */
  readonly terminal?: never;
}

/**
 * Turns gradients into updates. A step has exactly one rule, after all hooks.
 *
 * A rule is a type of its own, so that a rule among hooks or behind a mask does not compile: a mask passes raw gradients
 * on, and raw gradients would then be subtracted from the weights.
 */
export interface UpdateRule<S extends StateTree = StateTree> {
  readonly terminal: true;
  readonly name: string;
  readonly conflicts?: Readonly<Record<string, string>>;
  readonly stateVersion?: number;
  init(params: TensorMap, infos: readonly ParamInfo[]): S;
  transform(grads: TensorMap, state: S, ctx: StepContext): Ruled<S>;
  /**
   * Optional: takes the whole step in place with one kernel, if the current backend has the kernel (see `runFused`).
   * Returns `undefined` and writes nothing if the backend lacks it. Equal to `transform` up to float32 rounding. If weights,
   * gradients and state are below 1e15 and rates below 1e6, the results must be finite: a step in place cannot be undone.
   */
  applyFused?(variables: VariableMap, grads: TensorMap, state: S, ctx: StepContext): { readonly state: S } | undefined;
}

// Hooks with different states fit one list: the optimizer hands each hook its own state back, so the type may be erased.
// biome-ignore lint/suspicious/noExplicitAny: `S` is both input and output, and only `any` is assignable both ways.
export type AnyHook = OptimizerHook<any>;
// biome-ignore lint/suspicious/noExplicitAny: as above.
export type AnyRule = UpdateRule<any>;

/** Returns `hook` itself. Infers the state's type from `init`, so that `transform` needs no cast. */
export function defineHook<S extends StateTree>(hook: OptimizerHook<S>): OptimizerHook<S> {
  return hook;
}

/** Makes a hook without state from a function that maps gradients to gradients. */
export function stateless(name: string, fn: (grads: TensorMap, ctx: StepContext) => TensorMap): OptimizerHook<null> {
  return { name, init: () => null, transform: (grads, state, ctx) => ({ grads: fn(grads, ctx), state }) };
}

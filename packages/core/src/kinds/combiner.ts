import type { TensorMap } from "../params/tensor-map.ts";
import type { StateTree } from "../state/tree.ts";
import type { StepContext, Transformed } from "../step/hook.ts";

/**
 * Merges one gradient per task into one gradient. It runs before the hooks, which see only one gradient.
 *
 * - `weigh` gets the m × m Gramian G = J Jᵀ of the task gradients (row-major, float64, on the host) and returns one weight
 *   per task; the update is Jᵀ·weights. Core computes G on the device and reads it once per step, with one await.
 * - `combine` gets the gradients themselves, on the device, for rules that work element by element.
 *
 * Both see the parameters that at least two tasks reach; if a task does not reach one of them, its gradient is 0 there. A
 * parameter that only one task reaches, such as its head, gets that task's gradient, and no combiner sees it.
 */
export type Combiner<S extends StateTree = StateTree> = WeighingCombiner<S> | ElementwiseCombiner<S>;

/** Merges tasks by weights found from their Gramian. Most methods. */
export interface WeighingCombiner<S extends StateTree = StateTree> {
  readonly name: string;
  readonly stateVersion?: number;
  /** Over which parameters one Gramian is taken. @default "whole" */
  readonly granularity?: "whole" | "layer" | "tensor";
  init(tasks: readonly string[]): S;
  /** `group` is the layer or parameter the Gramian belongs to; "" for the whole. Pure; throws on a NaN. */
  weigh(
    gram: Float64Array,
    tasks: readonly string[],
    state: S,
    at: { readonly step: number; readonly group: string },
  ): { readonly weights: Float64Array; readonly state: S };
}

/** Merges tasks element by element on the device. Memory as for hooks: runs inside one tidy. */
export interface ElementwiseCombiner<S extends StateTree = StateTree> {
  readonly name: string;
  readonly stateVersion?: number;
  init(tasks: readonly string[], params: TensorMap): S;
  combine(byTask: { readonly [task: string]: TensorMap }, state: S, ctx: StepContext): Transformed<S>;
}

// biome-ignore lint/suspicious/noExplicitAny: combiners of any state fit one slot, as hooks do.
export type AnyCombiner = Combiner<any>;

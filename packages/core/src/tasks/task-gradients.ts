import * as tf from "@tensorflow/tfjs-core";
import type { Param } from "../params/params.ts";
import type { TensorMap } from "../params/tensor-map.ts";
import { gradientsOf } from "../step/gradients.ts";

/** A scalar loss by task name. */
export type TaskLosses = { readonly [task: string]: () => tf.Scalar };

/** Result of one backward pass per task. The caller disposes all tensors. */
export interface TaskGradients {
  readonly values: { readonly [task: string]: tf.Scalar };
  /** By task, then by parameter name: only the parameters that the task's loss reaches. */
  readonly byTask: { readonly [task: string]: TensorMap };
}

/**
 * Runs one backward pass per task, one after the other. If a loss throws, no tensor is left.
 *
 * @param statistics variables that a forward pass writes (`moving_mean`, `moving_variance`): they move in the first
 *   task's pass only. With `hold` they do not move at all.
 */
export function taskGradients(
  params: readonly Param[],
  losses: TaskLosses,
  statistics: readonly tf.Variable[] = [],
  hold = false,
): TaskGradients {
  const values: Record<string, tf.Scalar> = {};
  const byTask: Record<string, TensorMap> = {};
  const variables = params.map(({ variable }) => variable);
  try {
    for (const [i, [task, loss]] of Object.entries(losses).entries()) {
      const held = hold || i > 0 ? statistics.map((variable) => tf.keep(tf.clone(variable))) : [];
      try {
        const { value, grads } = gradientsOf(loss, variables);
        values[task] = tf.keep(value);
        byTask[task] = Object.fromEntries(
          params.flatMap(({ name, variable }) => {
            const grad = grads[variable.name];
            return grad ? [[name, tf.keep(grad)]] : [];
          }),
        );
      } finally {
        for (const [k, tensor] of held.entries()) {
          (statistics[k] as tf.Variable).assign(tensor);
          tensor.dispose();
        }
      }
    }
  } catch (error) {
    disposeGradients({ values, byTask });
    throw error;
  }
  return { values, byTask };
}

/** Frees the losses and gradients that {@link taskGradients} returned. Calling it twice is harmless. */
export function disposeGradients({ values, byTask }: TaskGradients): void {
  tf.dispose([...Object.values(values), ...Object.values(byTask).flatMap((grads) => Object.values(grads))]);
}

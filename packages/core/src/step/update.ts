import * as tf from "@tensorflow/tfjs-core";
import { formatNames, RecipeError, SelectionError } from "../errors.ts";
import type { Param } from "../params/params.ts";
import type { TensorMap } from "../params/tensor-map.ts";

/**
 * Returns the new values of the parameters: each update is subtracted, then the layer's constraint is applied.
 *
 * @param skip a bool scalar. If it is true, the old values are returned.
 * @throws RecipeError with the names of parameters whose update is missing or has another shape.
 */
export function updatedValues(active: readonly Param[], updates: TensorMap, skip?: tf.Tensor): TensorMap {
  const wrong = active.filter(({ name, shape }) => !sameShape(updates[name]?.shape, shape)).map(({ name }) => name);
  if (wrong.length > 0) {
    throw new RecipeError(
      `The update of ${formatNames(wrong)} is missing or has another shape.`,
      "A hook or rule returns the names and shapes of its input.",
    );
  }
  const values: Record<string, tf.Tensor> = {};
  for (const { name, variable, constraint } of active) {
    const moved = tf.sub(variable, updates[name] as tf.Tensor);
    const value = constraint ? constraint(moved) : moved;
    values[name] = skip ? tf.where(skip, variable, value) : value;
  }
  return values;
}

/**
 * Returns the gradients under stable names: exactly one for each active parameter.
 *
 * @throws SelectionError with the names of parameters that have no gradient.
 */
export function gradientsByName(
  active: readonly Param[],
  gradientOf: (param: Param) => tf.Tensor | null | undefined,
): TensorMap {
  const found: Record<string, tf.Tensor> = {};
  const without: string[] = [];
  for (const param of active) {
    const gradient = gradientOf(param);
    if (gradient) found[param.name] = gradient;
    else without.push(param.name);
  }
  if (without.length > 0) {
    throw new SelectionError(
      `No gradient for ${formatNames(without)}.`,
      "Does the loss depend on it, and is it trainable? To keep it unchanged, leave it out of `params` or freeze it.",
    );
  }
  return found;
}

function sameShape(a: readonly number[] | undefined, b: readonly number[]): boolean {
  return a !== undefined && a.length === b.length && a.every((size, i) => size === b[i]);
}

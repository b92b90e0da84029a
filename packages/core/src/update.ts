import * as tf from "@tensorflow/tfjs-core";
import { list, RecipeError, SelectionError } from "./errors.ts";
import type { Param } from "./params.ts";
import type { TensorMap } from "./tree.ts";

/**
 * New values of the parameters: the update subtracted, the layer's constraint applied.
 *
 * @param skip where it holds, the old value.
 * @throws RecipeError naming the parameters whose update is missing or has another shape.
 */
export function updated(active: readonly Param[], updates: TensorMap, skip?: tf.Tensor): TensorMap {
  const wrong = active.filter(({ name, shape }) => !sameShape(updates[name]?.shape, shape)).map(({ name }) => name);
  if (wrong.length > 0) {
    throw new RecipeError(
      `The update of ${list(wrong)} is missing or has another shape.`,
      "A hook or rule returns the names and shapes it was given.",
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
 * Gradients under stable names: exactly one for each active parameter.
 *
 * @throws SelectionError naming the parameters without one.
 */
export function byName(
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
      `No gradient for ${list(without)}.`,
      "Is it connected to the loss, and trainable? If it should stay as it is, leave it out of `params` or freeze it.",
    );
  }
  return found;
}

function sameShape(a: readonly number[] | undefined, b: readonly number[]): boolean {
  return a !== undefined && a.length === b.length && a.every((size, i) => size === b[i]);
}

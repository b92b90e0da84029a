import { OptionsError } from "@graftjs/core";
import { DataFilesError } from "../data-files-error.ts";
import type { Column } from "../folders/labels.ts";
import type { StoredArray } from "./stored-array.ts";

/**
 * Makes the inputs of a model from an array with the examples on axis 0.
 *
 * @param shape of one input. An axis of size 1 at its end may be missing in the array, as the colour of grey pictures is.
 * @param divideBy divides each value.
 * @throws DataFilesError if the shapes differ
 */
export function arrayInputs({ values, shape: given }: StoredArray, shape: readonly number[], divideBy: number): Column {
  const [rows = 0, ...sides] = given;
  const same = (wanted: readonly number[]): boolean =>
    wanted.length === sides.length && wanted.every((side, i) => side === sides[i]);
  if (given.length === 0 || !(same(shape) || (shape.at(-1) === 1 && same(shape.slice(0, -1)))))
    throw new DataFilesError(
      `The inputs have the shape [${given.join(", ")}], but the model takes [batch, ${shape.join(", ")}].`,
      "The examples are on axis 0. Reshape the array: `array.reshape(...)`.",
    );
  const scaled = divideBy === 1 ? values : Float32Array.from(values, (value) => value / divideBy);
  return { values: scaled, shape: [rows, ...shape] };
}

/** Takes rows of a column. */
export function rowsOf({ values, shape }: Column, rows: readonly number[]): Column {
  const size = shape.slice(1).reduce((product, side) => product * side, 1);
  const taken =
    values instanceof Int32Array ? new Int32Array(rows.length * size) : new Float32Array(rows.length * size);
  rows.forEach((row, i) => {
    taken.set(values.subarray(row * size, (row + 1) * size), i * size);
  });
  return { values: taken, shape: [rows.length, ...shape.slice(1)] };
}

/**
 * Completes the shape of an input by an array. Axes that accept any size take the size of the array.
 *
 * @throws OptionsError if the model has several inputs
 */
export function inputShape(
  inputs: readonly { readonly shape: readonly (number | null)[] }[],
  given: StoredArray,
): number[] {
  const [input] = inputs;
  if (!input || inputs.length > 1)
    throw new OptionsError(
      `The model has ${inputs.length} inputs, but an array fills one.`,
      "Use a model with one input, or a data module.",
    );
  return input.shape.slice(1).map((side, axis) => side ?? given.shape[axis + 1] ?? 1);
}

/** Numbers with their shape, as `fineTune` takes them. */
export interface Column {
  readonly values: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** The form of the labels that a loss takes. */
export type LabelForm = "one-hot" | "index" | "binary";

/**
 * Writes class numbers in the form that the loss takes.
 *
 * @param form `one-hot`: a row of zeros with a one for each example. `index`: the class number. `binary`: a column of 0 and 1, for two
 *   classes and a model with one output.
 */
export function labelColumn(labels: readonly number[], classes: number, form: LabelForm): Column {
  if (form === "index") return { values: Int32Array.from(labels), shape: [labels.length] };
  if (form === "binary") return { values: Float32Array.from(labels), shape: [labels.length, 1] };
  const values = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => {
    values[i * classes + label] = 1;
  });
  return { values, shape: [labels.length, classes] };
}

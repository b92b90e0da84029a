import * as tf from "@tensorflow/tfjs-core";
import type { Ports } from "../../models/adapter/ports.ts";
import { DataError } from "../data-error.ts";

/** One tensor, several in the model's order, or several by the names of the model's inputs or outputs. Axis 0 is the examples. */
export type TensorData = tf.Tensor | readonly tf.Tensor[] | { readonly [name: string]: tf.Tensor };

/** Examples in memory. */
export interface ExampleData {
  readonly xs: TensorData;
  readonly ys: TensorData;
  /** Factor on the loss of each example: [examples], as `sample_weight` of Keras. @default all 1 */
  readonly sampleWeights?: tf.Tensor;
}

/** Input and label tensors in the model's order. The caller owns them. */
export interface Columns {
  readonly inputs: readonly tf.Tensor[];
  /** The labels of each output. The weights of the examples come last, if there are any. */
  readonly labels: readonly tf.Tensor[];
  readonly size: number;
}

/** Puts examples into the model's order and checks them. @throws DataError that lists every name, size or shape that does not fit. */
export function columns({ xs, ys, sampleWeights }: ExampleData, ports: Ports, what = "data"): Columns {
  const problems: string[] = [];
  const inputs = ordered(xs, ports.inputNames, `${what}.xs`, problems);
  const labels = ordered(ys, ports.outputNames, `${what}.ys`, problems);
  const size = inputs[0]?.shape[0] ?? 0;
  if (problems.length === 0) {
    if (size === 0) problems.push(`${what} has no examples.`);
    [...inputs, ...labels].forEach((tensor, i) => {
      const name =
        i < inputs.length ? `xs \`${ports.inputNames[i]}\`` : `ys \`${ports.outputNames[i - inputs.length]}\``;
      if (tensor.rank === 0) problems.push(`${what}: ${name} is a single number. Give one row per example.`);
      else if (tensor.shape[0] !== size)
        problems.push(`${what}: ${name} has ${tensor.shape[0]} examples, but the first input has ${size}.`);
    });
    inputs.forEach((tensor, i) => {
      const wanted = ports.inputs[i]?.shape ?? [];
      const fits =
        wanted.length === 0 ||
        (wanted.length === tensor.rank && wanted.every((n, k) => k === 0 || n === null || n === tensor.shape[k]));
      if (!fits)
        problems.push(
          `${what}: xs \`${ports.inputNames[i]}\` is [${tensor.shape}], but the model takes [${wanted.map((n) => n ?? "any")}].`,
        );
    });
  }
  if (
    sampleWeights &&
    (sampleWeights.size !== size || sampleWeights.shape[0] !== size || sampleWeights.dtype === "string")
  )
    problems.push(
      `${what}.sampleWeights is ${sampleWeights.dtype} [${sampleWeights.shape}], but needs one number for each of ${size} examples.`,
    );
  if (problems.length > 0) throw new DataError("The data does not fit the model.", problems.join("\n"));
  return { inputs, labels: sampleWeights ? [...labels, sampleWeights] : labels, size };
}

/** Gathers the rows `indices` of every tensor into new tensors. */
export function rows(tensors: readonly tf.Tensor[], indices: Int32Array): tf.Tensor[] {
  const positions = tf.tensor1d(indices, "int32");
  const picked = tensors.map((tensor) => tf.gather(tensor, positions));
  positions.dispose();
  return picked;
}

function ordered(data: TensorData, names: readonly string[], what: string, problems: string[]): tf.Tensor[] {
  if (data instanceof tf.Tensor) return check([data], names, what, problems);
  if (Array.isArray(data)) return check(data as tf.Tensor[], names, what, problems);
  if (typeof data !== "object" || data === null) {
    problems.push(
      `${what} is ${String(data)}. Give a tensor with the examples on axis 0, or one tensor for each of ${names.join(", ")}.`,
    );
    return [];
  }
  const byName = data as { readonly [name: string]: tf.Tensor };
  const stray = Object.keys(byName).filter((name) => !names.includes(name));
  const missing = names.filter((name) => !byName[name]);
  for (const name of stray)
    problems.push(`${what} has \`${name}\`, which the model does not have. The model has ${names.join(", ")}.`);
  for (const name of missing) problems.push(`${what} lacks \`${name}\`.`);
  return missing.length > 0 ? [] : names.map((name) => byName[name] as tf.Tensor);
}

function check(tensors: tf.Tensor[], names: readonly string[], what: string, problems: string[]): tf.Tensor[] {
  if (tensors.length !== names.length)
    problems.push(`${what} has ${tensors.length} tensor(s), but the model has ${names.length}: ${names.join(", ")}.`);
  const gone = tensors.filter((tensor) => !(tensor instanceof tf.Tensor) || tensor.isDisposed);
  if (gone.length > 0) problems.push(`${what}: ${gone.length} of its values are disposed or not tensors.`);
  const texts = tensors.findIndex((tensor) => tensor instanceof tf.Tensor && tensor.dtype === "string");
  if (texts >= 0)
    problems.push(
      `${what} \`${names[texts] ?? texts}\` holds text. Convert text to numbers first: words to indices with a tokenizer, classes to class indices.`,
    );
  return tensors;
}

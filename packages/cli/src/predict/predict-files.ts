import type { InputReader } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { UsageError } from "../terminal/errors.ts";
import { probabilities } from "../outputs/probabilities.ts";
import { readInputs } from "./read-inputs.ts";
import type { TunedModel } from "./tuned-model.ts";

/** The prediction for one example. */
export interface Prediction {
  readonly path: string;
  /** Position of the example in a file with several examples, from 1. Undefined if the file is the example. */
  readonly position: number | undefined;
  /** Probability of each class, in the order of the model's outputs; the number itself if the model predicts one number. */
  readonly row: readonly number[];
}

/** A file that cannot be used. */
export interface FailedFile {
  readonly path: string;
  readonly reason: string;
}

/** Examples that the model computes at the same time. */
const BATCH = 32;

/**
 * Predicts the classes of files, or of each row of tables.
 *
 * @throws UsageError if the model does not have one row of outputs per example
 */
export async function predictFiles(
  model: TunedModel,
  reader: InputReader,
  paths: readonly string[],
  cwd: string,
): Promise<{ predictions: readonly Prediction[]; failed: readonly FailedFile[] }> {
  const examples: Omit<Prediction, "row">[] = [];
  const failed: FailedFile[] = [];
  const outputs: (readonly number[])[] = [];
  const size = reader.shape.reduce((product, side) => product * side, 1);
  for (let start = 0; start < paths.length; start += BATCH) {
    const inputs: Float32Array[] = [];
    for (const input of await readInputs(paths.slice(start, start + BATCH), reader, cwd)) {
      if ("reason" in input) failed.push(input);
      else {
        const { path, values } = input;
        const count = values.length / size;
        for (let i = 0; i < count; i++) {
          inputs.push(values.subarray(i * size, (i + 1) * size));
          examples.push({ path, position: count > 1 ? i + 1 : undefined });
        }
      }
    }
    for (let i = 0; i < inputs.length; i += BATCH)
      outputs.push(...(await outputsOf(model, inputs.slice(i, i + BATCH), reader.shape)));
  }
  // One output without classes is a number.
  const rows = outputs[0]?.length === 1 && !model.card.classes ? outputs : probabilities(outputs);
  return { predictions: examples.map((example, i) => ({ ...example, row: rows[i] as readonly number[] })), failed };
}

async function outputsOf(
  model: TunedModel,
  inputs: readonly Float32Array[],
  shape: readonly number[],
): Promise<readonly (readonly number[])[]> {
  const size = shape.reduce((product, side) => product * side, 1);
  const values = new Float32Array(inputs.length * size);
  inputs.forEach((input, i) => {
    values.set(input, i * size);
  });
  const batch = tf.tensor(values, [inputs.length, ...shape]);
  const output = model.predict(batch);
  try {
    const [rows, units, ...rest] = output.shape;
    if (rows !== inputs.length || units === undefined || rest.length > 0)
      throw new UsageError(
        `The model's output is [${output.shape.join(", ")}], which is not one row of classes for each file.`,
        "Only models that classify can be used here. In code, call the model's own `predict`.",
      );
    return (await output.array()) as number[][];
  } finally {
    tf.dispose([batch, output]);
  }
}

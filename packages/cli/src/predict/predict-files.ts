import type { InputReader } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { UsageError } from "../terminal/errors.ts";
import { probabilities } from "./probabilities.ts";
import { readInputs } from "./read-inputs.ts";
import type { TunedModel } from "./tuned-model.ts";

/** The prediction for one file. */
export interface Prediction {
  readonly path: string;
  /** Probability of each class, in the order of the model's outputs. */
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
 * Predicts the classes of files.
 *
 * @throws UsageError if the model does not have one row of outputs per example
 */
export async function predictFiles(
  model: TunedModel,
  reader: InputReader,
  paths: readonly string[],
  cwd: string,
): Promise<{ predictions: readonly Prediction[]; failed: readonly FailedFile[] }> {
  const read: string[] = [];
  const failed: FailedFile[] = [];
  const outputs: Float32Array[] = [];
  for (let start = 0; start < paths.length; start += BATCH) {
    const inputs = await readInputs(paths.slice(start, start + BATCH), reader, cwd);
    const good = inputs.flatMap((input) => ("values" in input ? [input] : []));
    failed.push(...inputs.flatMap((input) => ("reason" in input ? [input] : [])));
    read.push(...good.map(({ path }) => path));
    if (good.length > 0)
      outputs.push(
        ...(await outputsOf(
          model,
          good.map(({ values }) => values),
          reader.shape,
        )),
      );
  }
  const units = outputs[0]?.length ?? 1;
  const values = new Float32Array(outputs.length * units);
  outputs.forEach((row, i) => {
    values.set(row, i * units);
  });
  const rows = probabilities({ values, units });
  return { predictions: read.map((path, i) => ({ path, row: rows[i] as readonly number[] })), failed };
}

async function outputsOf(
  model: TunedModel,
  inputs: readonly Float32Array[],
  shape: readonly number[],
): Promise<Float32Array[]> {
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
    const found = (await output.data()) as Float32Array;
    return inputs.map((_, i) => found.slice(i * units, (i + 1) * units));
  } finally {
    tf.dispose([batch, output]);
  }
}

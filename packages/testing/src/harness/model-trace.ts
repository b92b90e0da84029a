import { namedWeights } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { check, checkBits, read, type Values } from "./assertions.ts";
import { numbers } from "./samples.ts";

/** Everything of a model that a patch can change. */
export interface ModelTrace {
  readonly weights: Values;
  /** The output for a sample input, in inference. */
  readonly out: readonly number[];
  /** Names of the layers' own functions, and values of their flags: a patch overrides these. */
  readonly layers: string;
}

/** Records the weights, the output and the layers of a model. */
export function trace(model: layers.LayersModel): ModelTrace {
  const lines = model.layers.map((layer) => {
    const flags = Object.entries(layer).filter(([, value]) => ["function", "boolean"].includes(typeof value));
    return `${layer.name}: ${flags.map(([key, value]) => (typeof value === "function" ? key : `${key}=${value}`)).sort()}`;
  });
  return { weights: weightsOf(model), out: predictSample(model), layers: lines.join("\n") };
}

/** Asserts that two traces are equal bit for bit. `moment` begins the error message. */
export function compareTraces(got: ModelTrace, expected: ModelTrace, moment: string): void {
  checkBits(got.weights, expected.weights, `${moment}, the weights`);
  checkBits({ out: got.out }, { out: expected.out }, `${moment}, the output`);
  check(got.layers === expected.layers, `${moment}, the layers are\n${got.layers}\nand were\n${expected.layers}`);
}

/** Reads all weights of a model, by stable name. */
export function weightsOf(model: layers.LayersModel): Values {
  return read(Object.fromEntries(namedWeights(model).map(({ name, variable }) => [name, variable])));
}

/** Computes the model's output for {@link sampleInput}. */
export function predictSample(model: layers.LayersModel): readonly number[] {
  return tf.tidy(() => [...(model.predict(sampleInput(model)) as tf.Tensor).dataSync()]);
}

/** Creates a batch of 4 seeded examples for the model's input. Unknown sizes become 4. */
export function sampleInput(model: layers.LayersModel): tf.Tensor {
  const shape = [4, ...(model.inputs[0]?.shape ?? []).slice(1).map((size) => size ?? 4)];
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(numbers(5, size), shape);
}

import { type NamedWeight, namedWeights } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import type { CheckpointStore } from "../src/files/stores/store.ts";

/** Makes normal inputs, and one-hot labels that alternate. */
export function examples(shape: number[], n = 20, classes = 3): { xs: tf.Tensor; ys: tf.Tensor } {
  const xs = tf.randomNormal([n, ...shape], 0, 1, "float32", 5);
  const numbers = tf.tensor1d(
    Array.from({ length: n }, (_, i) => i % classes),
    "int32",
  );
  const ys = tf.oneHot(numbers, classes);
  numbers.dispose();
  return { xs, ys };
}

export function weightsOf(model: layers.LayersModel): Record<string, number[]> {
  return Object.fromEntries(
    namedWeights(model).map(({ name, variable }: NamedWeight) => [name, [...variable.dataSync()]]),
  );
}

/** Returns the largest difference between two sets of weights. */
export function distance(a: Record<string, number[]>, b: Record<string, number[]>): number {
  return Math.max(
    ...Object.entries(a).flatMap(([name, values]) =>
      values.map((value, i) => Math.abs(value - (b[name]?.[i] ?? Number.NaN))),
    ),
  );
}

/** Makes a store that keeps files in a Map. */
export function mapStore(files: Map<string, Uint8Array> = new Map()): CheckpointStore {
  return {
    where: "memory",
    write: async (name, bytes) => void files.set(name, bytes.slice()),
    read: async (name) => files.get(name),
    list: async () => [...files.keys()],
    remove: async (name) => void files.delete(name),
  };
}

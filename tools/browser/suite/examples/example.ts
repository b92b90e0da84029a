import type * as tf from "@tensorflow/tfjs-core";
import type { Blobs } from "../../blobs.ts";

/** Steps of every example. */
export const STEPS = 20;

/** All trained values of a run in one list: before the first step and after the last. */
export interface Trained {
  readonly before: Float32Array;
  readonly after: Float32Array;
}

/** The model and the recipe of an example app, with a part of its data. */
export interface Example {
  readonly name: string;
  /** Takes {@link STEPS} steps on the current backend and leaves no tensor. */
  run(blobs: Blobs): Promise<Trained>;
}

/** Returns the values of tensors in one list. */
export async function valuesOf(tensors: readonly tf.Tensor[]): Promise<Float32Array> {
  const parts: number[] = [];
  for (const tensor of tensors) parts.push(...(await tensor.data()));
  return Float32Array.from(parts);
}

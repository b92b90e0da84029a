import type * as tf from "@tensorflow/tfjs-core";
import type { Blobs } from "../../blobs.ts";

/** Steps that every example takes. */
export const STEPS = 20;

/** All that a run has trained, one after the other: before its first step, and after its last. */
export interface Trained {
  readonly before: Float32Array;
  readonly after: Float32Array;
}

/** The model and the recipe of an example app, over a slice of its data. */
export interface Example {
  readonly name: string;
  /** Takes {@link STEPS} steps on the current backend, and leaves no tensor. */
  run(blobs: Blobs): Promise<Trained>;
}

/** The values of some tensors, one after the other. */
export async function valuesOf(tensors: readonly tf.Tensor[]): Promise<Float32Array> {
  const parts: number[] = [];
  for (const tensor of tensors) parts.push(...(await tensor.data()));
  return Float32Array.from(parts);
}

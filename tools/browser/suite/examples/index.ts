import * as tf from "@tensorflow/tfjs-core";
import { type Blobs, floats } from "../../blobs.ts";
import { disagreement } from "../numbers.ts";
import { customHook } from "./custom-hook.ts";
import type { Example } from "./example.ts";
import { frozenBn } from "./frozen-bn.ts";
import { gradientSurgery } from "./gradient-surgery.ts";
import { graphModel } from "./graph-model.ts";
import { lars } from "./lars.ts";
import { tuner } from "./tuner.ts";

const examples: readonly Example[] = [lars, gradientSurgery, frozenBn, tuner, customHook, graphModel];
export const exampleNames: readonly string[] = examples.map(({ name }) => name);

/** Difference between an example's weights and cpu's after all steps. */
export interface ExampleRow {
  /** max |a − b| / max |cpu| over all trained values. */
  readonly error: number;
  /** The same for the start and cpu's end: how much training has changed. */
  readonly moved: number;
  readonly values: number;
  readonly seconds: number;
  readonly leaked: number;
}

/** Trains one example on the current backend, which must be cpu. Returns a blob for {@link compareExample}. */
export async function exampleReference(name: string, blobs: Blobs): Promise<Blobs> {
  const { after } = await exampleOf(name).run(blobs);
  return { reference: new Uint8Array(after.buffer) };
}

/** Trains one example on the current backend and compares it with `reference` in `blobs`. */
export async function compareExample(name: string, blobs: Blobs): Promise<ExampleRow> {
  const tensors = tf.memory().numTensors;
  const start = performance.now();
  const { before, after } = await exampleOf(name).run(blobs);
  const seconds = Number(((performance.now() - start) / 1000).toFixed(1));
  const want = floats(blobs, "reference");
  const [error, moved] = [disagreement(after, want), disagreement(before, want)].map((x) => Number(x.toPrecision(2)));
  const leaked = tf.memory().numTensors - tensors;
  return { error: error as number, moved: moved as number, values: want.length, seconds, leaked };
}

function exampleOf(name: string): Example {
  const found = examples.find((example) => example.name === name);
  if (!found) throw new Error(`Unknown example ${name}. Known: ${exampleNames.join(", ")}.`);
  return found;
}

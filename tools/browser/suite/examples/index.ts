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

/** How far an example's weights are from cpu after its steps. */
export interface ExampleRow {
  /** max |a − b| / max |cpu| over all that it trains. */
  readonly error: number;
  /** The same of the start against cpu's end: how far training went. */
  readonly moved: number;
  readonly values: number;
  readonly seconds: number;
  readonly leaked: number;
}

/** What the current backend, cpu, trains in one example: a blob for {@link compareExample}. */
export async function exampleReference(name: string, blobs: Blobs): Promise<Blobs> {
  const { after } = await exampleOf(name).run(blobs);
  return { reference: new Uint8Array(after.buffer) };
}

/** One example on the current backend, against the `reference` among `blobs`. */
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
  if (!found) throw new Error(`No example ${name}. There are: ${exampleNames.join(", ")}.`);
  return found;
}

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import * as fflate from "fflate";
import * as h5wasm from "h5wasm";
import { folderReader, type H5Wasm, loadKeras, loadKerasH5, loadLayersModel } from "../src/index.ts";

/** An entry of the index that the Python scripts write: one model with an input and Keras's prediction. */
export interface ZooEntry {
  readonly name: string;
  readonly x: { readonly shape: number[]; readonly values: number[] };
  readonly y: { readonly shape: number[]; readonly values: number[] };
}

/** The forms in which each model is written. A `tfjs` entry is a folder with model.json. */
export const FORMS = ["keras", "h5", "tfjs"] as const;
export type Form = (typeof FORMS)[number];

/** What came of one file. `refused`: loading failed with a message. `wrong`: other numbers, another shape, or a later error. */
export interface Outcome {
  readonly name: string;
  readonly form: Form;
  readonly result: "right" | "refused" | "wrong";
  readonly detail: string;
}

/** Lists the models of a folder. */
export function readIndex(folder: string): ZooEntry[] {
  return JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as ZooEntry[];
}

/** Loads one form of a model. @returns undefined if the folder has no such file. */
export async function load(folder: string, name: string, form: Form): Promise<layers.LayersModel | undefined> {
  const path = join(folder, `${name}.${form}`);
  if (!existsSync(path)) return undefined;
  if (form === "tfjs") return loadLayersModel(folderReader(path));
  const bytes = new Uint8Array(readFileSync(path));
  const wasm = h5wasm as unknown as H5Wasm;
  return form === "h5" ? loadKerasH5(bytes, wasm) : loadKeras(bytes, { h5wasm: wasm, fflate });
}

/**
 * Loads one form of a model and compares its prediction with Keras's.
 *
 * @param tolerance largest absolute difference that counts as right.
 * @param then called with a model that predicts right, before it is disposed. An error that it throws counts as wrong.
 */
export async function compare(
  folder: string,
  { name, x, y }: ZooEntry,
  form: Form,
  tolerance: number,
  then?: (model: layers.LayersModel) => Promise<string>,
): Promise<Outcome | undefined> {
  let model: layers.LayersModel | undefined;
  try {
    model = await load(folder, name, form);
  } catch (error) {
    const refused = (error as Error).name === "LoadError";
    return { name, form, result: refused ? "refused" : "wrong", detail: oneLine(error) };
  }
  if (!model) return undefined;
  try {
    const made = tf.tidy(() => {
      const input = tf.tensor(x.values, x.shape);
      const out = (model as layers.LayersModel).predict(input) as tf.Tensor;
      return { shape: out.shape, values: out.dataSync() };
    });
    if (String(made.shape) !== String(y.shape))
      return { name, form, result: "wrong", detail: `shape [${made.shape}], expected [${y.shape}]` };
    const difference = largestDifference(made.values, y.values);
    if (!(difference <= tolerance))
      return { name, form, result: "wrong", detail: `off by ${difference.toPrecision(3)}` };
    const more = (await then?.(model)) ?? "";
    return { name, form, result: "right", detail: `${difference.toExponential(1)} ${more}` };
  } catch (error) {
    return { name, form, result: "wrong", detail: oneLine(error) };
  } finally {
    model.dispose();
  }
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] as number) - (b[i] as number));
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return largest;
}

function oneLine(error: unknown): string {
  return `${(error as Error).name}: ${(error as Error).message}`.replace(/\s+/g, " ").slice(0, 400);
}

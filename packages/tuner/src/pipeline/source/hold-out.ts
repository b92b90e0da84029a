import { OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { assertSeed } from "../../random/assert-seed.ts";
import { permutation, seeded } from "../../random/random.ts";
import { type ExampleData, rows, type TensorData } from "./columns.ts";
import { flat } from "./element.ts";
import { examplesOf, type MemoryData } from "./read-examples.ts";

export interface HoldOutOptions {
  /** Share of the examples that validate, between 0 and 1. @default 0.2 */
  readonly share?: number;
  /** Fixes the choice. @default 0 */
  readonly seed?: number;
  /** Rank of the first input with the batch axis. It tells batches of an iterable from single examples. @default 0: single examples */
  readonly rank?: number;
}

/** Examples in two parts. `dispose` frees both. */
export interface HeldOut {
  readonly data: ExampleData;
  readonly validation: ExampleData;
  dispose(): void;
}

/**
 * Divides examples into training and validation examples. If the labels of the only output are one-hot or class indices, each class is
 * divided by itself, so both parts have every class that has at least two examples. The caller's tensors stay.
 *
 * @throws OptionsError if `share` is not between 0 and 1, if `seed` is not an integer ≥ 0, or if one part would be empty.
 */
export async function holdOut(
  data: MemoryData,
  { share = 0.2, seed = 0, rank = 0 }: HoldOutOptions = {},
): Promise<HeldOut> {
  if (!(share > 0 && share < 1))
    throw new OptionsError(`\`share\` of holdOut is ${share}.`, "Give a number between 0 and 1.");
  assertSeed(seed, "holdOut");
  const { examples, dispose } = await examplesOf(data, rank);
  try {
    const [xs, ys] = [flat(examples.xs), flat(examples.ys)];
    const size = xs.tensors[0]?.shape[0] ?? 0;
    const groups = await groupsOf(ys.tensors, size);
    const random = seeded(seed, "hold-out");
    const held: number[] = [];
    for (const group of groups) {
      const order = permutation(group.length, random).slice(0, Math.round(group.length * share));
      held.push(...[...order].map((i) => group[i] as number));
    }
    const chosen = new Set(held);
    const rest = Array.from({ length: size }, (_, i) => i).filter((i) => !chosen.has(i));
    if (held.length === 0 || rest.length === 0)
      throw new OptionsError(
        `${size} examples cannot be divided into training and validation examples with a share of ${share}.`,
        "Give more examples, another share, or validation examples of your own.",
      );
    const part = (indices: readonly number[]): ExampleData => pick(examples, Int32Array.from(indices));
    const [train, validation] = [part(rest), part(held.sort((a, b) => a - b))];
    return {
      data: train,
      validation,
      dispose: () => tf.dispose([...tensorsOf(train), ...tensorsOf(validation)]),
    };
  } finally {
    dispose();
  }
}

function pick({ xs, ys, sampleWeights }: ExampleData, indices: Int32Array): ExampleData {
  const of = (data: TensorData): TensorData => {
    const { tensors, names } = flat(data);
    const picked = rows(tensors, indices);
    if (names) return Object.fromEntries(names.map((name, i) => [name, picked[i] as tf.Tensor]));
    return data instanceof tf.Tensor ? (picked[0] as tf.Tensor) : picked;
  };
  const [weights] = sampleWeights ? rows([sampleWeights], indices) : [];
  return { xs: of(xs), ys: of(ys), ...(weights ? { sampleWeights: weights } : {}) };
}

function tensorsOf({ xs, ys, sampleWeights }: ExampleData): tf.Tensor[] {
  return [...flat(xs).tensors, ...flat(ys).tensors, ...(sampleWeights ? [sampleWeights] : [])];
}

/** Returns the indices of the examples of each class, or all indices as one group if the labels are not classes. */
async function groupsOf(ys: readonly tf.Tensor[], size: number): Promise<readonly (readonly number[])[]> {
  const classes = ys.length === 1 ? await classesOf(ys[0] as tf.Tensor, size) : undefined;
  const groups = new Map<number, number[]>();
  for (let i = 0; i < size; i++) {
    const key = classes?.[i] ?? 0;
    const group = groups.get(key);
    if (group) group.push(i);
    else groups.set(key, [i]);
  }
  return [...groups.entries()].sort(([a], [b]) => a - b).map(([, group]) => group);
}

/** Returns the class of each example, or undefined if the labels are neither one-hot nor few whole numbers. */
async function classesOf(ys: tf.Tensor, size: number): Promise<readonly number[] | undefined> {
  const values = await ys.data<"float32">();
  if (ys.size === size) {
    const numbers = Array.from(values);
    const few = new Set(numbers).size <= Math.max(2, size / 2);
    return few && numbers.every(Number.isInteger) ? numbers : undefined;
  }
  if (ys.rank !== 2) return undefined;
  const width = ys.shape[1] as number;
  const classes: number[] = [];
  for (let i = 0; i < size; i++) {
    const row = Array.from(values.slice(i * width, (i + 1) * width));
    if (row.filter((value) => value === 1).length !== 1 || row.some((value) => value !== 0 && value !== 1))
      return undefined;
    classes.push(row.indexOf(1));
  }
  return classes;
}

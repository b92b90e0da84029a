import { formatNames, OptionsError } from "@graftjs/core";
import type { SafetensorsFile, StoredTensor } from "../files/safetensors/format.ts";
import { writeSafetensors } from "../files/safetensors/write.ts";
import { DeltaError, metadataJson, readDelta } from "./delta.ts";

/**
 * Averages deltas of one base that changed the same tensors: a uniform soup, w = Σ aᵢ·wᵢ / Σ aᵢ (Wortsman et al. 2022, "Model soups",
 * equation 1). The runs may differ in rates, seeds, augmentation and data. The result is one delta, so it costs nothing more to use.
 * Values are summed in float64. Runs that started with different new heads have no meaningful average: give the head a seed.
 *
 * @param weights aᵢ ≥ 0, one per delta. @default 1 for each
 * @throws SafetensorsError if a file is damaged; DeltaError if a file is not a delta, or if bases or tensors differ; OptionsError if the
 *   list is empty, or if the weights do not fit.
 */
export function averageDeltas(
  deltas: readonly Uint8Array[],
  weights: readonly number[] = deltas.map(() => 1),
): Uint8Array {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (
    deltas.length === 0 ||
    weights.length !== deltas.length ||
    !(sum > 0) ||
    weights.some((weight) => !(weight >= 0))
  ) {
    throw new OptionsError(
      `averageDeltas has ${deltas.length} delta(s) and the weights ${JSON.stringify(weights)}.`,
      "Give at least one delta, and one weight ≥ 0 per delta. One of them must be above 0.",
    );
  }
  const files = deltas.map(readDelta);
  const first = files[0] as SafetensorsFile;
  assertAlike(first, files);
  const average = (name: string, tensor: StoredTensor): StoredTensor => {
    if (tensor.dtype !== "F32") return tensor;
    const mean = new Float64Array(floats(tensor).length);
    files.forEach(({ tensors }, i) => {
      const share = (weights[i] as number) / sum;
      // A delta of weight 0 is left out, even if it is not finite.
      if (share === 0) return;
      floats(tensors.get(name) as StoredTensor).forEach((value, at) => {
        mean[at] = (mean[at] as number) + share * value;
      });
    });
    return { ...tensor, data: new Uint8Array(Float32Array.from(mean).buffer) };
  };
  const metadata = new Map(first.metadata);
  metadata.set(
    "recipe",
    JSON.stringify({ average: files.map((file) => metadataJson(file.metadata, "recipe")), weights }),
  );
  return writeSafetensors(new Map([...first.tensors].map(([name, tensor]) => [name, average(name, tensor)])), metadata);
}

/** The result of {@link greedySoup}. */
export interface Soup {
  readonly delta: Uint8Array;
  /** Places of the averaged deltas in the given list, in the order in which they were added. */
  readonly members: readonly number[];
  readonly score: number;
}

/**
 * Makes a greedy soup (Wortsman et al. 2022, recipe 1): goes through the deltas from the best to the worst, and adds each one to the average
 * if the score does not fall. So the soup is never worse than the best delta on the data of the score. Use validation data, not test data.
 *
 * @param score returns a number of which larger is better, such as the accuracy. It is called about twice per delta. Apply the delta to a
 *   fresh copy of the base each time, because a model that has another delta is refused. NaN counts as the worst score.
 * @throws as {@link averageDeltas}, before the first score.
 */
export async function greedySoup(
  deltas: readonly Uint8Array[],
  score: (delta: Uint8Array) => number | Promise<number>,
): Promise<Soup> {
  averageDeltas(deltas);
  const scored = async (delta: Uint8Array): Promise<number> => {
    const found = await score(delta);
    return Number.isNaN(found) ? Number.NEGATIVE_INFINITY : found;
  };
  const ranked: { readonly index: number; readonly delta: Uint8Array; readonly score: number }[] = [];
  for (const [index, delta] of deltas.entries()) ranked.push({ index, delta, score: await scored(delta) });
  // The sort is stable: of equal deltas, the first one given comes first.
  ranked.sort((a, b) => (a.score === b.score ? 0 : b.score - a.score));
  const [best, ...others] = ranked as [(typeof ranked)[number], ...typeof ranked];
  let soup: Soup = { delta: best.delta, members: [best.index], score: best.score };
  for (const { index } of others) {
    const members = [...soup.members, index];
    const delta = averageDeltas(members.map((member) => deltas[member] as Uint8Array));
    const found = await scored(delta);
    if (found >= soup.score) soup = { delta, members, score: found };
  }
  return soup;
}

/** @throws DeltaError if the deltas have different bases or tensors */
function assertAlike(first: SafetensorsFile, files: readonly SafetensorsFile[]): void {
  const fail = (message: string): never => {
    throw new DeltaError(message, "Average only deltas of runs that trained the same parameters of the same model.");
  };
  for (const [i, { metadata, tensors }] of files.entries()) {
    if (metadata.get("base") !== first.metadata.get("base")) fail(`Delta ${i} has another base model than delta 0.`);
    const names = [...new Set([...first.tensors.keys(), ...tensors.keys()])];
    const one = names.filter((name) => !first.tensors.has(name) || !tensors.has(name));
    if (one.length > 0) fail(`Only one of the deltas 0 and ${i} changed ${formatNames(one)}.`);
    const unlike = names.filter(
      (name) => !fit(first.tensors.get(name) as StoredTensor, tensors.get(name) as StoredTensor),
    );
    if (unlike.length > 0)
      fail(`${formatNames(unlike)} cannot be averaged: it differs in deltas 0 and ${i}, in type or in whole numbers.`);
  }
}

/** Returns whether two tensors can be averaged: floats of one shape, or equal values of another type. */
function fit(a: StoredTensor, b: StoredTensor): boolean {
  if (a.dtype !== b.dtype || String(a.shape) !== String(b.shape)) return false;
  return a.dtype === "F32" || a.data.every((byte, i) => byte === b.data[i]);
}

function floats({ data }: StoredTensor): Float32Array {
  return new Float32Array(data.slice().buffer);
}

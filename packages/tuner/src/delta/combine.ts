import { formatNames } from "@graftjs/core";
import type { StoredTensor } from "../files/safetensors/format.ts";
import { readSafetensors } from "../files/safetensors/read.ts";
import { writeSafetensors } from "../files/safetensors/write.ts";
import { DeltaError, metadataJson, readDelta, replacedBy } from "./delta.ts";

/**
 * Two deltas of one base as one: the tensors of both. Its recipe is the list of theirs.
 *
 * @throws SafetensorsError for a damaged file; DeltaError for one that is no delta, where the bases differ, or where both changed
 *   a tensor and disagree: a sum of two trainings is no training.
 */
export function stackDeltas(first: Uint8Array, second: Uint8Array): Uint8Array {
  const [a, b] = [readDelta(first), readDelta(second)];
  if (a.metadata.get("base") !== b.metadata.get("base"))
    throw new DeltaError("The deltas are for different bases.", "Stack deltas that were tuned from one model.");
  const both = [...a.tensors].filter(([name, tensor]) => b.tensors.has(name) && !same(tensor, b.tensors.get(name)));
  if (both.length > 0) {
    throw new DeltaError(
      `Both deltas changed ${formatNames(both.map(([name]) => name))}, differently.`,
      "Stack deltas of different layers, or apply one after the other and tune again.",
    );
  }
  const metadata = new Map(a.metadata);
  metadata.set("recipe", JSON.stringify([a, b].map((file) => metadataJson(file.metadata, "recipe"))));
  metadata.set("replaces", JSON.stringify({ ...replacedBy(a.metadata), ...replacedBy(b.metadata) }));
  return writeSafetensors(new Map([...a.tensors, ...b.tensors]), metadata);
}

/** How two deltas differ in one tensor. */
export interface TensorDifference {
  readonly name: string;
  /** "first" or "second" where only one of them has it. */
  readonly in: "both" | "first" | "second";
  /** ‖b − a‖ and ‖b − a‖ / ‖a‖, where both have it in one shape of float32. */
  readonly distance?: number;
  readonly relative?: number;
}

/**
 * What stands in one delta and not, or otherwise, in the other; equal tensors are left out. Other safetensors files may be compared
 * as well. @throws SafetensorsError for a damaged file.
 */
export function diffDeltas(first: Uint8Array, second: Uint8Array): readonly TensorDifference[] {
  const [a, b] = [readSafetensors(first).tensors, readSafetensors(second).tensors];
  const names = [...new Set([...a.keys(), ...b.keys()])].sort();
  return names.flatMap((name): TensorDifference[] => {
    const [x, y] = [a.get(name), b.get(name)];
    if (!x || !y) return [{ name, in: x ? "first" : "second" }];
    if (same(x, y)) return [];
    if (x.dtype !== "F32" || y.dtype !== "F32" || String(x.shape) !== String(y.shape)) return [{ name, in: "both" }];
    const [u, v] = [x, y].map(({ data }) => new Float32Array(data.slice().buffer)) as [Float32Array, Float32Array];
    const norm = (at: (i: number) => number): number => Math.sqrt(u.reduce((sum, _, i) => sum + at(i) ** 2, 0));
    const distance = norm((i) => (v[i] as number) - (u[i] as number));
    return [{ name, in: "both", distance, relative: distance / norm((i) => u[i] as number) }];
  });
}

function same(a: StoredTensor, b: StoredTensor | undefined): boolean {
  return (
    b !== undefined &&
    a.dtype === b.dtype &&
    String(a.shape) === String(b.shape) &&
    a.data.length === b.data.length &&
    a.data.every((byte, i) => byte === b.data[i])
  );
}

import { formatNames } from "@graftjs/core";
import type { StoredTensor } from "../files/safetensors/format.ts";
import { readSafetensors } from "../files/safetensors/read.ts";
import { writeSafetensors } from "../files/safetensors/write.ts";
import { DeltaError, metadataJson, readDelta, replacedBy } from "./delta.ts";

/**
 * Combines two deltas of the same base into one that contains the tensors of both. Its recipe is the list of their recipes.
 *
 * @throws SafetensorsError if a file is damaged; DeltaError if a file is not a delta, if the bases differ, or if both deltas have
 *   different values for a tensor, because adding them up would not give a trained model.
 */
export function stackDeltas(first: Uint8Array, second: Uint8Array): Uint8Array {
  const [a, b] = [readDelta(first), readDelta(second)];
  if (a.metadata.get("base") !== b.metadata.get("base"))
    throw new DeltaError(
      "The deltas have different base models.",
      "Stack only deltas that were tuned from the same model.",
    );
  const both = [...a.tensors].filter(([name, tensor]) => b.tensors.has(name) && !same(tensor, b.tensors.get(name)));
  if (both.length > 0) {
    throw new DeltaError(
      `Both deltas changed ${formatNames(both.map(([name]) => name))}, but to different values.`,
      "Stack only deltas of different layers, or apply one delta and tune the other part again.",
    );
  }
  const metadata = new Map(a.metadata);
  metadata.set("recipe", JSON.stringify([a, b].map((file) => metadataJson(file.metadata, "recipe"))));
  metadata.set("replaces", JSON.stringify({ ...replacedBy(a.metadata), ...replacedBy(b.metadata) }));
  return writeSafetensors(new Map([...a.tensors, ...b.tensors]), metadata);
}

/** The difference of two deltas in one tensor. */
export interface TensorDifference {
  readonly name: string;
  /** "first" or "second" if only one of the files has the tensor. */
  readonly in: "both" | "first" | "second";
  /** ‖b − a‖, if both files have the tensor in float32 and with the same shape. */
  readonly distance?: number;
  /** ‖b − a‖ / ‖a‖, under the same condition. */
  readonly relative?: number;
}

/**
 * Lists the tensors in which two deltas, or other safetensors files, differ. Equal tensors are omitted.
 *
 * @throws SafetensorsError if a file is damaged.
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
    const norm = (value: (i: number) => number): number => Math.sqrt(u.reduce((sum, _, i) => sum + value(i) ** 2, 0));
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

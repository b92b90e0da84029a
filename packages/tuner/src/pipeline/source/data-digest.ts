import * as tf from "@tensorflow/tfjs-core";
import type { Source } from "./source.ts";

/** Number of examples in the digest, spread over the data. */
const LOOKED_AT = 64;
/** Relative tolerance: far above rounding differences between devices, far below the difference between two images. */
const NEAR = 1e-4;

/** A coarse summary of a data set, as plain data. */
export interface DataDigest {
  readonly examples: number;
  /** Dtype and shape of an example's inputs and labels. */
  readonly columns: readonly string[];
  /**
   * For each summarised example and each column: the mean absolute value, and the sum of the values with fixed weights, divided by the
   * sum of absolute values.
   */
  readonly seen: readonly (readonly [number, number])[];
}

/**
 * Computes a digest of the inputs and labels of 64 examples, spread evenly from the first to the last; of all if there are fewer. Other
 * data have another digest unless they differ only in few examples. The same data computed on another device have nearly the same
 * digest, so a run can be resumed on another device.
 *
 * @param atOnce number of examples read at a time.
 * @returns undefined for a stream, because the whole stream would have to be read.
 */
export async function dataDigest(source: Source, atOnce: number): Promise<DataDigest | undefined> {
  if (source.buffer !== undefined) return undefined;
  const { size } = source;
  const count = Math.min(LOOKED_AT, size);
  const picked = Int32Array.from({ length: count }, (_, i) => Math.round((i * (size - 1)) / Math.max(1, count - 1)));
  const pass = source.open(picked);
  const seen: (readonly [number, number])[] = [];
  let columns: string[] = [];
  try {
    for (let from = 0; from < count; from += atOnce) {
      const { inputs, labels } = await pass.take(picked.subarray(from, from + atOnce), true);
      const tensors = [...inputs, ...labels];
      try {
        columns = tensors.map(({ dtype, shape: [, ...shape] }) => `${dtype}[${shape}]`);
        const looks = await Promise.all(tensors.map(looksOfRows));
        // Ordered by example, then by column, so that the result does not depend on `atOnce`.
        for (let row = 0; row < (looks[0]?.length ?? 0); row++)
          seen.push(...looks.map((rows) => rows[row] as readonly [number, number]));
      } finally {
        tf.dispose(tensors);
      }
    }
  } finally {
    await pass.close();
  }
  return { examples: size, columns, seen };
}

async function looksOfRows(tensor: tf.Tensor): Promise<(readonly [number, number])[]> {
  const values = await tensor.data();
  const [rows = 0] = tensor.shape;
  const each = rows > 0 ? values.length / rows : 0;
  return Array.from({ length: rows }, (_, row) => {
    let [size, weighed] = [0, 0];
    for (let i = 0; i < each; i++) {
      const value = Number(values[row * each + i]);
      size += Math.abs(value);
      weighed += weightOf(i) * value;
    }
    return [six(each > 0 ? size / each : 0), six(size > 0 ? weighed / size : 0)] as const;
  });
}

/** Returns a pseudo-random weight between −1 and 1 for a position, without patterns that images could match. */
function weightOf(place: number): number {
  const mixed = Math.imul((place + 1) ^ ((place + 1) >>> 15), 0x2c1b3c6d);
  const remixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return (remixed ^ (remixed >>> 15)) / 2 ** 31;
}

function six(value: number): number {
  return Number(value.toPrecision(6));
}

/** Tells whether two digests may be of the same data. */
export function isSameData(a: DataDigest, b: DataDigest): boolean {
  const [columnsOfA, columnsOfB] = [a, b].map(({ examples, columns }) => `${examples} ${columns}`);
  return (
    columnsOfA === columnsOfB &&
    a.seen.length === b.seen.length &&
    a.seen.every(([size, weighed], i) => {
      const [otherSize, otherWeighed] = b.seen[i] as readonly [number, number];
      return isNear(size, otherSize, Math.max(size, otherSize)) && isNear(weighed, otherWeighed, 1);
    })
  );
}

/** Compares two numbers. JSON stores values that are not finite as null, so all of those count as equal. */
function isNear(a: number | null, b: number | null, scale: number): boolean {
  const [finiteA, finiteB] = [a, b].map((value) => value !== null && Number.isFinite(value));
  return finiteA && finiteB ? Math.abs((a as number) - (b as number)) <= NEAR * scale : finiteA === finiteB;
}

/** Tells whether a value has the form of a {@link DataDigest}. */
export function isDataDigest(value: unknown): value is DataDigest {
  return typeof value === "object" && value !== null && "seen" in value && "columns" in value;
}

import * as tf from "@tensorflow/tfjs-core";
import type { Source } from "./source.ts";

/** Examples that are looked at, spread over the data. */
const LOOKED_AT = 64;
/** Far above what another device rounds, far below what another picture is off by. */
const NEAR = 1e-4;

/** What examples look like from far away, as plain data. */
export interface DataDigest {
  readonly examples: number;
  /** Type and shape of an example's inputs and labels. */
  readonly columns: readonly string[];
  /** For each example looked at and each column: the mean of its values' sizes, and the sum of its values by fixed weights, relative to their sizes. */
  readonly seen: readonly (readonly [number, number])[];
}

/**
 * A digest of inputs and labels of 64 examples spread evenly over the data, first and last among them; of a smaller set of all.
 * Cheap, and other data differ in it unless they differ in few examples. Data that another device has computed do not: a run
 * whose device is lost goes on elsewhere.
 *
 * @param atOnce examples read at a time. @returns undefined for a stream, which would have to be read for it.
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
        // By example, then by column: how many are read at a time must not show.
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

/** A weight between −1 and 1 for each place, without a pattern that pictures could have. */
function weightOf(place: number): number {
  const mixed = Math.imul((place + 1) ^ ((place + 1) >>> 15), 0x2c1b3c6d);
  const more = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return (more ^ (more >>> 15)) / 2 ** 31;
}

function six(value: number): number {
  return Number(value.toPrecision(6));
}

/** Whether two digests can be of the same data. */
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

/** Values that are not finite come back from a file as null: they are the same as each other. */
function isNear(a: number | null, b: number | null, scale: number): boolean {
  const [finiteA, finiteB] = [a, b].map((value) => value !== null && Number.isFinite(value));
  return finiteA && finiteB ? Math.abs((a as number) - (b as number)) <= NEAR * scale : finiteA === finiteB;
}

export function isDataDigest(value: unknown): value is DataDigest {
  return typeof value === "object" && value !== null && "seen" in value && "columns" in value;
}

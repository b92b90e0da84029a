import * as tf from "@tensorflow/tfjs-core";

type Values = Float32Array | Int32Array | Uint8Array;

/** One example's row of one tensor, on the host, so that a buffer of examples does not fill GPU memory or the heap of wasm. */
export interface HostRow {
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32" | "bool";
  readonly values: Values;
}

/** Splits a tensor into rows along axis 0. Each row is a copy, because a view would keep the whole batch in memory. */
export async function hostRows(tensor: tf.Tensor): Promise<HostRow[]> {
  const [count = 0, ...shape] = tensor.shape;
  const length = shape.reduce((a, b) => a * b, 1);
  const values = (await tensor.data()) as Values;
  const dtype = tensor.dtype as HostRow["dtype"];
  return Array.from({ length: count }, (_, i) => ({
    shape,
    dtype,
    values: values.slice(i * length, (i + 1) * length),
  }));
}

/** Joins rows into one tensor with the examples on axis 0. */
export function stacked(rows: readonly HostRow[]): tf.Tensor {
  const [first] = rows as [HostRow];
  const length = first.values.length;
  const out = new (first.values.constructor as new (length: number) => Values)(rows.length * length);
  rows.forEach(({ values }, i) => {
    out.set(values, i * length);
  });
  return tf.tensor(out, [rows.length, ...first.shape], first.dtype);
}

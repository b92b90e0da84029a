import * as tf from "@tensorflow/tfjs-core";

/** What a reduction of nothing gives, as on cpu; but the mean, which is 0 there, is NaN: it has no number to give. */
const NOTHING: { readonly [kernelName: string]: number } = {
  All: 1,
  Any: 0,
  ArgMax: 0,
  ArgMin: 0,
  Max: Number.NaN,
  Mean: Number.NaN,
  Min: Number.NaN,
  Prod: 1,
  Sum: 0,
};

const GIVES: { readonly [kernelName: string]: tf.DataType } = { ArgMax: "int32", ArgMin: "int32", Mean: "float32" };

/** Reductions of tensors without numbers: stock returns memory as it found it. */
export const emptyReductions: { readonly [kernelName: string]: (stock: tf.KernelFunc) => tf.KernelFunc } =
  Object.fromEntries(Object.entries(NOTHING).map(([name, value]) => [name, guard(name, value)]));

interface ReductionAttrs {
  readonly axis?: number[];
  /** What Max calls it. */
  readonly reductionIndices?: number[];
  readonly keepDims?: boolean;
}

function guard(kernelName: string, value: number): (stock: tf.KernelFunc) => tf.KernelFunc {
  return (stock) => (params) => {
    const { x } = params.inputs as unknown as { readonly x: tf.Tensor };
    if (x.size > 0) return stock(params);
    const { axis, reductionIndices, keepDims } = params.attrs as unknown as ReductionAttrs;
    const axes = tf.util.parseAxisParam((axis ?? reductionIndices) as number[], x.shape);
    const shape = x.shape.flatMap((size, i) => (!axes.includes(i) ? [size] : keepDims ? [1] : []));
    const dtype = GIVES[kernelName] ?? x.dtype;
    return tf.fill(shape, Number.isNaN(value) && dtype !== "float32" ? 0 : value, dtype as "float32");
  };
}

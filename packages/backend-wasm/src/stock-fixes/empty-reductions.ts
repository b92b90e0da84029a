import * as tf from "@tensorflow/tfjs-core";

/** Results of reductions of empty tensors, as on cpu. Only the mean differs: it is undefined, so NaN instead of 0. */
const EMPTY: { readonly [kernelName: string]: number } = {
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

const DTYPES: { readonly [kernelName: string]: tf.DataType } = { ArgMax: "int32", ArgMin: "int32", Mean: "float32" };

/** Fixes of reductions of empty tensors. Stock returns uninitialized memory. */
export const emptyReductions: { readonly [kernelName: string]: (stock: tf.KernelFunc) => tf.KernelFunc } =
  Object.fromEntries(Object.entries(EMPTY).map(([name, value]) => [name, fix(name, value)]));

interface ReductionAttrs {
  readonly axis?: number[];
  /** Max's name of `axis`. */
  readonly reductionIndices?: number[];
  readonly keepDims?: boolean;
}

function fix(kernelName: string, value: number): (stock: tf.KernelFunc) => tf.KernelFunc {
  return (stock) => (params) => {
    const { x } = params.inputs as unknown as { readonly x: tf.Tensor };
    if (x.size > 0) return stock(params);
    const { axis, reductionIndices, keepDims } = params.attrs as unknown as ReductionAttrs;
    const axes = tf.util.parseAxisParam((axis ?? reductionIndices) as number[], x.shape);
    const shape = x.shape.flatMap((size, i) => (!axes.includes(i) ? [size] : keepDims ? [1] : []));
    const dtype = DTYPES[kernelName] ?? x.dtype;
    return tf.fill(shape, Number.isNaN(value) && dtype !== "float32" ? 0 : value, dtype as "float32");
  };
}

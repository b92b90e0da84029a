import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { type Factors, product } from "../conv/product.ts";
import { CEILING } from "../conv/tail.ts";
import type { Native, RunGraft } from "../native.ts";

type Stock = Readonly<Record<"BatchMatMul" | "_FusedMatMul", KernelFunc>>;

interface MatMulAttrs {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/**
 * Makes kernels for tfjs's products. A product of two matrices is one call of ours, with bias and relu in the same pass. TensorFlow takes
 * three times as long to dispatch a small one, and tfjs-node adds the bias by an operation of its own. Other cases use the stock kernels.
 */
export function matMulKernels({ id, info }: Native, runGraft: RunGraft, stock: Stock): Readonly<Stock> {
  return {
    BatchMatMul: (args) => {
      const { a, b } = args.inputs as unknown as Record<"a" | "b", TensorInfo>;
      const sizes = sizesOf(a, b, args.attrs as MatMulAttrs);
      return sizes ? info(product(runGraft, { ...sizes, a: id(a), b: id(b) })) : stock.BatchMatMul(args);
    },
    _FusedMatMul: (args) => {
      const { a, b, bias } = args.inputs as { a: TensorInfo; b: TensorInfo; bias?: TensorInfo };
      const { activation = "linear" } = args.attrs as { activation?: string };
      const ceiling = CEILING[activation];
      const sizes = sizesOf(a, b, args.attrs as MatMulAttrs);
      const isVector = !bias || (bias.dtype === "float32" && bias.shape.join() === `${sizes?.columns}`);
      if (!sizes || ceiling === undefined || !isVector) return stock._FusedMatMul(args);
      return info(
        product(runGraft, { ...sizes, a: id(a), b: id(b) }, { ceiling, ...(bias ? { offset: id(bias) } : {}) }),
      );
    },
  };
}

/**
 * Returns the sizes of a·b as one product of matrices. Undefined if it is none: other dtypes, no values, or several matrices of each. Several
 * matrices of `a` that are not transposed are one tall matrix.
 */
function sizesOf(
  a: TensorInfo,
  b: TensorInfo,
  { transposeA = false, transposeB = false }: MatMulAttrs,
): Omit<Factors, "a" | "b"> | undefined {
  if (a.dtype !== "float32" || b.dtype !== "float32" || a.shape.includes(0) || b.shape.includes(0)) return undefined;
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const [last, second] = [a.shape.at(-1) as number, a.shape.at(-2) as number];
  const [depth, each] = transposeA ? [second, last] : [last, second];
  const [inner, columns] = (transposeB ? b.shape.slice(-2).reverse() : b.shape.slice(-2)) as [number, number];
  const count = tf.util.sizeFromShape(batchA);
  const isOne = tf.util.sizeFromShape(batchB) === 1 && (count === 1 || !transposeA);
  if (inner !== depth || !isOne) return undefined;
  const batch = batchA.length >= batchB.length ? batchA : batchB.slice(0, -batchA.length || undefined).concat(batchA);
  const shape = [...batch, each, columns];
  return { rows: count * each, columns, depth, transposedA: transposeA, transposedB: transposeB, shape };
}

import * as tf from "@tensorflow/tfjs-core";
import { composedFusedMatMul, refuseIntegers } from "../../fallback/matmul.ts";
import type { Heap } from "../../heap/heap.ts";
import { input, isFloat, type SimdKernel, sizeOf } from "../../heap/simd-kernel.ts";
import { gemm } from "./gemm.ts";

interface Product {
  readonly batch: readonly number[];
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Indices of the matrices of A and of B for each product; undefined if strides are enough. */
  readonly entries: readonly (readonly [number, number])[] | undefined;
  readonly strideA: number;
  readonly strideB: number;
}

/** Computes the sizes of A·B and how its batches broadcast. @throws Error if the inner sizes differ */
function productOf(a: tf.TensorInfo, b: tf.TensorInfo, transposeA: boolean, transposeB: boolean): Product {
  const [rankA, rankB] = [a.shape.length, b.shape.length];
  const [m, k] = [a.shape[rankA - (transposeA ? 1 : 2)] as number, a.shape[rankA - (transposeA ? 2 : 1)] as number];
  const [inner, n] = [b.shape[rankB - (transposeB ? 1 : 2)] as number, b.shape[rankB - (transposeB ? 2 : 1)] as number];
  if (inner !== k) {
    throw new Error(
      `matMul: inner sizes differ, ${k} and ${inner}, for shapes [${a.shape}] and [${b.shape}]` +
        ` with transposeA=${transposeA} and transposeB=${transposeB}.`,
    );
  }
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  const total = sizeOf(batch);
  const [sizeA, sizeB] = [sizeOf(batchA), sizeOf(batchB)];
  const regular = (sizeA === total || sizeA === 1) && (sizeB === total || sizeB === 1);
  return {
    batch,
    m,
    n,
    k,
    entries: regular
      ? undefined
      : Array.from({ length: total }, (_, i) => [entryOf(i, batch, batchA), entryOf(i, batch, batchB)]),
    strideA: sizeA === 1 && total > 1 ? 0 : m * k,
    strideB: sizeB === 1 && total > 1 ? 0 : k * n,
  };
}

/** Returns the index within the shape `own` of entry `index` of the broadcast shape `full`. */
function entryOf(index: number, full: readonly number[], own: readonly number[]): number {
  let [rest, entry, stride] = [index, 0, 1];
  for (let axis = 1; axis <= own.length; axis++) {
    const [size, mine] = [full[full.length - axis] as number, own[own.length - axis] as number];
    if (mine > 1) entry += (rest % size) * stride;
    stride *= mine;
    rest = Math.floor(rest / size);
  }
  return entry;
}

function multiply(
  heap: Heap,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  transposeA: boolean,
  transposeB: boolean,
): tf.TensorInfo {
  const { batch, m, n, k, strideA, strideB, entries } = productOf(a, b, transposeA, transposeB);
  const c = heap.output([...batch, m, n]);
  const count = sizeOf(batch);
  const [pa, pb, pc] = [heap.address(a), heap.address(b), heap.address(c)];
  const flags = [Number(transposeA), Number(transposeB)];
  if (sizeOf(c.shape) === 0) return c;
  const product = { transposeA, transposeB, m, n, k };
  if (entries) {
    for (const [i, [ea, eb]] of entries.entries()) {
      const [oa, ob, oc] = [pa + 4 * ea * m * k, pb + 4 * eb * k * n, pc + 4 * i * m * n];
      gemm(heap, { ...product, a: oa, b: ob, c: oc });
    }
  } else if (count === 1) {
    gemm(heap, { ...product, a: pa, b: pb, c: pc });
  } else {
    heap.share("gemmBatched", count, { cost: m * n * k }, (from, to) => [
      strideA,
      strideB,
      ...flags,
      m,
      n,
      k,
      pa,
      pb,
      pc,
      from,
      to,
    ]);
  }
  return c;
}

/**
 * Computes matMul with any transposes, batches and broadcasts. Stock reads past the end of the smaller batch if two batches
 * differ.
 */
export const batchMatMul: SimdKernel = (call) => {
  const [a, b] = [input(call, "a"), input(call, "b")];
  refuseIntegers("matMul", a, b);
  return multiply(call.heap, a, b, Boolean(call.attrs.transposeA), Boolean(call.attrs.transposeB));
};

const ACTIVATIONS: { readonly [name: string]: number } = { linear: 0, relu: 1, relu6: 2 };

/** Computes matMul, bias and activation. With a transpose or a batch, stock adds the bias once per block of 48. */
export const fusedMatMul: SimdKernel = (call) => {
  const { heap, attrs } = call;
  const [a, b] = [input(call, "a"), input(call, "b")];
  const bias = call.inputs.bias;
  refuseIntegers("fused matMul", a, b);
  const activation = (attrs.activation as string | undefined) ?? "linear";
  const code = ACTIVATIONS[activation];
  const columns = b.shape[b.shape.length - (attrs.transposeB ? 2 : 1)] as number;
  const simpleBias = !bias || (sizeOf(bias.shape) === columns && isFloat(bias));
  // Rare activations and biases are composed of other ops.
  if (code === undefined || !simpleBias) return composedFusedMatMul(call.inputs, attrs);
  const c = multiply(heap, a, b, Boolean(attrs.transposeA), Boolean(attrs.transposeB));
  if (bias || code !== 0) {
    const rows = columns === 0 ? 0 : sizeOf(c.shape) / columns;
    const [pc, pb] = [heap.address(c), bias ? heap.address(bias) : 0];
    heap.share("addBias", rows, { cost: 2 * columns }, (from, to) => [pc, pb, columns, code, from, to]);
  }
  return c;
};

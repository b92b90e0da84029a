import { broadcastFixes } from "@graftjs/backend";
import * as tf from "@tensorflow/tfjs-core";
import { composedFusedMatMul, refuseIntegers } from "../fallback/matmul.ts";
import type { WasmBackend } from "../stock-backend/wasm-backend.ts";

type Inputs = { readonly [name: string]: tf.Tensor };

/** Fixes of stock kernels with wrong results, composed of correct stock kernels. Correct cases go to `stock`. */
export const resultFixes: { readonly [kernelName: string]: (stock: tf.KernelFunc) => tf.KernelFunc } = {
  BatchMatMul: (stock) => (params) => {
    const { a, b } = params.inputs as unknown as Inputs;
    refuseIntegers("matMul", t(a), t(b));
    return broadcastFixes.BatchMatMul(stock)(params);
  },
  Cast: (stock) => (params) => {
    const x = t((params.inputs as unknown as Inputs).x);
    const dtype = params.attrs?.dtype;
    if (dtype === "int32" && x.dtype === "float32") {
      // Stock turns NaN and too large numbers into the least integer. JavaScript's arrays convert as cpu does.
      const backend = params.backend as WasmBackend;
      const y = backend.makeOutput(x.shape, "int32");
      backend.typedArrayFromHeap(y).set(backend.typedArrayFromHeap(x));
      return y;
    }
    if (dtype !== "bool" || x.dtype === "bool") return stock(params);
    // Stock uses only the low byte.
    return tf.tidy(() => tf.notEqual(x, tf.scalar(0, x.dtype as "float32" | "int32")));
  },
  FusedBatchNorm: broadcastFixes.FusedBatchNorm,
  PadV2: (stock) => (params) => {
    const x = t((params.inputs as unknown as Inputs).x);
    const { paddings, constantValue } = params.attrs as unknown as {
      readonly paddings: readonly (readonly [number, number])[];
      readonly constantValue: number;
    };
    if (paddings.every(([before, after]) => before >= 0 && after >= 0)) return stock(params);
    // A negative padding crops. Stock would write before the beginning of the output.
    const from = paddings.map(([before]) => Math.max(0, -before));
    const sizes = paddings.map(([, after], i) => (x.shape[i] as number) - (from[i] as number) + Math.min(0, after));
    const rest = paddings.map(([before, after]): [number, number] => [Math.max(0, before), Math.max(0, after)]);
    return tf.tidy(() => tf.pad(tf.slice(x, from, sizes), rest, constantValue));
  },
  Prelu: (stock) => (params) => {
    const { x, alpha } = params.inputs as unknown as Inputs;
    if (tf.util.arraysEqual((x as tf.Tensor).shape, (alpha as tf.Tensor).shape)) return stock(params);
    return tf.tidy(() => tf.add(tf.relu(x as tf.Tensor), tf.mul(alpha as tf.Tensor, tf.minimum(x as tf.Tensor, 0))));
  },
  Select: (stock) => (params) => {
    const { condition, t: then, e: other } = params.inputs as unknown as Inputs;
    if (t(then).dtype !== "bool") return stock(params);
    // Stock writes four bytes per number, which is past the end of a bool tensor.
    return tf.tidy(() => {
      const c = tf.reshape(t(condition), broadcastFront(t(condition), t(then)));
      return tf.logicalOr(tf.logicalAnd(c, t(then)), tf.logicalAnd(tf.logicalNot(c), t(other)));
    });
  },
  Slice: (stock) => (params) => {
    const { x } = params.inputs as unknown as Inputs;
    const { begin, size } = params.attrs as unknown as { readonly begin: number[]; readonly size: number[] };
    // Stock returns uninitialized memory if the slice passes the end.
    const [from, sizes] = tf.slice_util.parseSliceParams(t(x), begin, size) as [number[], number[]];
    tf.slice_util.assertParamsValid(t(x), from, sizes);
    return stock(params);
  },
  _FusedMatMul:
    () =>
    ({ inputs, attrs }) => {
      const { a, b } = inputs as unknown as Inputs;
      refuseIntegers("fused matMul", t(a), t(b));
      return composedFusedMatMul(inputs as unknown as Inputs, attrs ?? {});
    },
};

/** Asserts an input that tfjs always passes. */
const t = (tensor: tf.Tensor | undefined): tf.Tensor => tensor as tf.Tensor;

/** Returns the condition's shape for a broadcast. A condition with one dimension selects rows of its branches. */
const broadcastFront = (condition: tf.Tensor, branch: tf.Tensor): number[] => [
  ...condition.shape,
  ...Array<number>(branch.rank - condition.rank).fill(1),
];

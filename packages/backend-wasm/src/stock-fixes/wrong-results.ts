import * as tf from "@tensorflow/tfjs-core";
import type { Geometry } from "../shapes/window-geometry.ts";
import type { WasmBackend } from "../heap/heap.ts";
import {
  dilation2d,
  dilation2dFilterGradient,
  dilation2dInfo,
  dilation2dInputGradient,
} from "../fallback/dilation2d.ts";
import { composedFusedMatMul, refuseIntegers } from "../fallback/matmul.ts";
import {
  conv3d,
  conv3dFilterGradient,
  conv3dInputGradient,
  maxPool3d,
  maxPool3dGradient,
  pool3dInfo,
} from "../fallback/conv3d.ts";

type Inputs = { readonly [name: string]: tf.Tensor };

/** Kernels that stock wasm has and gets wrong, out of others that it gets right. `stock` does the cases that are right. */
export const resultFixes: { readonly [kernelName: string]: (stock: tf.KernelFunc) => tf.KernelFunc } = {
  BatchMatMul: (stock) => (params) => {
    const { a, b } = params.inputs as unknown as Inputs;
    refuseIntegers("matMul", t(a), t(b));
    const batches = [t(a), t(b)].map(({ shape }) => shape.slice(0, -2)) as [number[], number[]];
    const full = tf.broadcast_util.assertAndGetBroadcastShape(...batches);
    const total = tf.util.sizeFromShape(full);
    if (batches.every((batch) => [1, total].includes(tf.util.sizeFromShape(batch)))) return stock(params);
    // Stock counts through both batches, and cpu does, as if neither repeated inside the other.
    return tf.tidy(() => {
      const [x, y] = [t(a), t(b)].map((matrix) => tf.broadcastTo(matrix, [...full, ...matrix.shape.slice(-2)]));
      return tf.engine().runKernel("BatchMatMul", { a: t(x), b: t(y) }, params.attrs as tf.NamedAttrMap) as tf.Tensor;
    });
  },
  Cast: (stock) => (params) => {
    const x = t((params.inputs as unknown as Inputs).x);
    const dtype = params.attrs?.dtype;
    if (dtype === "int32" && x.dtype === "float32") {
      // Stock makes NaN and what is too large the least integer; JavaScript's arrays do as cpu.
      const backend = params.backend as WasmBackend;
      const y = backend.makeOutput(x.shape, "int32");
      backend.typedArrayFromHeap(y).set(backend.typedArrayFromHeap(x));
      return y;
    }
    if (dtype !== "bool" || x.dtype === "bool") return stock(params);
    // Stock takes the low byte.
    return tf.tidy(() => tf.notEqual(x, tf.scalar(0, x.dtype as "float32" | "int32")));
  },
  Conv3D: (stock) => (params) => {
    const { x, filter } = params.inputs as unknown as Inputs;
    const { strides, pad, dilations } = params.attrs as unknown as Conv3DAttrs;
    const info = tf.backend_util.computeConv3DInfo(
      t(x).shape as Shape5,
      t(filter).shape as Shape5,
      strides,
      dilations,
      pad,
    );
    const takes = t(x).dtype === "float32" && t(filter).dtype === "float32" && info.outShape.every((size) => size > 0);
    return takes ? tf.tidy(() => conv3d(t(x), t(filter), info)) : stock(params);
  },
  Conv3DBackpropFilterV2: () =>
    composed(({ x, dy }, attrs) => {
      const { filterShape, strides, pad } = attrs as unknown as Conv3DAttrs;
      return conv3dFilterGradient(
        t(x),
        t(dy),
        tf.backend_util.computeConv3DInfo(t(x).shape as Shape5, filterShape, strides, 1, pad),
      );
    }),
  Conv3DBackpropInputV2: () =>
    composed(({ dy, filter }, attrs) => {
      const { inputShape, strides, pad } = attrs as unknown as Conv3DAttrs;
      const info = tf.backend_util.computeConv3DInfo(inputShape, t(filter).shape as Shape5, strides, 1, pad);
      return conv3dInputGradient(t(dy), t(filter), info);
    }),
  Dilation2D: () => composed((inputs, attrs) => dilation2d(...dilating(inputs, attrs))),
  Dilation2DBackpropFilter: () =>
    composed((inputs, attrs) => {
      const [x, filter, g] = dilating(inputs, attrs);
      return dilation2dFilterGradient(x, filter, inputs.dy as tf.Tensor4D, g);
    }),
  Dilation2DBackpropInput: () =>
    composed((inputs, attrs) => {
      const [x, filter, g] = dilating(inputs, attrs);
      return dilation2dInputGradient(x, filter, inputs.dy as tf.Tensor4D, g);
    }),
  MaxPool3D: () => composed(({ x }, attrs) => maxPool3d(x as tf.Tensor, pool3dInfo((x as tf.Tensor).shape, attrs))),
  MaxPool3DGrad: () =>
    composed(({ dy, input }, attrs) =>
      maxPool3dGradient(dy as tf.Tensor, input as tf.Tensor, pool3dInfo((input as tf.Tensor).shape, attrs)),
    ),
  PadV2: (stock) => (params) => {
    const x = t((params.inputs as unknown as Inputs).x);
    const { paddings, constantValue } = params.attrs as unknown as {
      readonly paddings: readonly (readonly [number, number])[];
      readonly constantValue: number;
    };
    if (paddings.every(([before, after]) => before >= 0 && after >= 0)) return stock(params);
    // A negative padding crops; stock writes before the output.
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
    // Stock writes four bytes a number, past the end of a tensor that has one.
    return tf.tidy(() => {
      const c = tf.reshape(t(condition), broadcastFront(t(condition), t(then)));
      return tf.logicalOr(tf.logicalAnd(c, t(then)), tf.logicalAnd(tf.logicalNot(c), t(other)));
    });
  },
  Slice: (stock) => (params) => {
    const { x } = params.inputs as unknown as Inputs;
    const { begin, size } = params.attrs as unknown as { readonly begin: number[]; readonly size: number[] };
    // Stock returns memory as it found it where the slice passes the end.
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

type Shape5 = [number, number, number, number, number];
interface Conv3DAttrs {
  readonly inputShape: Shape5;
  readonly filterShape: Shape5;
  readonly strides: [number, number, number] | number;
  readonly pad: "valid" | "same";
  readonly dilations: [number, number, number] | number;
}

/** An input that tfjs always gives. */
const t = (tensor: tf.Tensor | undefined): tf.Tensor => tensor as tf.Tensor;

/** A condition of one dimension chooses among the rows of its branches. */
const broadcastFront = (condition: tf.Tensor, branch: tf.Tensor): number[] => [
  ...condition.shape,
  ...Array<number>(branch.rank - condition.rank).fill(1),
];

function dilating({ x, filter }: Inputs, attrs: tf.NamedAttrMap): [tf.Tensor4D, tf.Tensor3D, Geometry] {
  const [image, weights] = [x as tf.Tensor4D, filter as tf.Tensor3D];
  return [image, weights, dilation2dInfo(image, weights, attrs)];
}

function composed(compose: (inputs: Inputs, attrs: tf.NamedAttrMap) => tf.Tensor): tf.KernelFunc {
  return ({ inputs, attrs }) => tf.tidy(() => compose(inputs as unknown as Inputs, attrs ?? {}));
}

import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { Native, RunGraft } from "../native.ts";
import { product } from "./product.ts";
import type { Convolution } from "./tail.ts";

type Stock = Readonly<Record<"Conv2DBackpropInput" | "Conv2DBackpropFilter", KernelFunc>>;
type Shape4D = [number, number, number, number];

/** Attributes of tfjs's convolutions. */
export interface ConvAttrs {
  readonly strides: [number, number] | number;
  readonly pad: "valid" | "same" | number | tf.backend_util.ExplicitPadding;
  readonly dilations?: [number, number] | number | null;
  readonly dataFormat?: string;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
}

/** Says whether a convolution is a product of matrices: 1×1, stride 1, no padding, float32, channels last. */
export function isPointwise(
  filterShape: readonly number[],
  { strides, pad, dilations, dataFormat = "NHWC" }: ConvAttrs,
  ...operands: readonly TensorInfo[]
): boolean {
  const [height, width] = filterShape;
  const ones = [strides, dilations ?? 1].flat().every((step) => step === 1);
  const unpadded = typeof pad === "string" || pad === 0;
  const float = operands.every(({ dtype, shape }) => dtype === "float32" && shape.length === 4 && !shape.includes(0));
  return height === 1 && width === 1 && ones && unpadded && dataFormat === "NHWC" && float;
}

/** Returns a 1×1 convolution as one product of matrices. `x` and `filter` are the binding's ids. */
export function pointwise(
  runGraft: RunGraft,
  x: number,
  filter: number,
  xShape: readonly number[],
  filterShape: readonly number[],
): Convolution {
  const [, , depth, columns] = filterShape as Shape4D;
  const rows = tf.util.sizeFromShape(xShape.slice(0, -1) as number[]);
  const factors = { a: x, b: filter, rows, columns, depth, shape: [...xShape.slice(0, -1), columns] };
  return (tail) => product(runGraft, factors, tail);
}

/**
 * Makes kernels for the gradients of 1×1 convolutions, as products of matrices. TensorFlow treats them like any other
 * convolution, which takes two to four times as long for the gradient of the input. Other cases use the stock kernels.
 */
export function pointwiseGradients(
  { id, info }: Native,
  runGraft: RunGraft,
  stock: Stock,
): Readonly<Record<string, KernelFunc>> {
  return {
    Conv2DBackpropInput: (args) => {
      const { dy, filter } = args.inputs as unknown as Record<"dy" | "filter", TensorInfo>;
      const attrs = args.attrs as unknown as ConvAttrs & { inputShape: Shape4D };
      if (!isPointwise(filter.shape, attrs, dy, filter)) return stock.Conv2DBackpropInput(args);
      const [, , columns, depth] = filter.shape as Shape4D;
      const rows = tf.util.sizeFromShape(dy.shape.slice(0, -1));
      const factors = { a: id(dy), b: id(filter), rows, columns, depth, transposedB: true, shape: attrs.inputShape };
      return info(product(runGraft, factors));
    },
    Conv2DBackpropFilter: (args) => {
      const { x, dy } = args.inputs as unknown as Record<"x" | "dy", TensorInfo>;
      const attrs = args.attrs as unknown as ConvAttrs & { filterShape: Shape4D };
      if (!isPointwise(attrs.filterShape, attrs, x, dy)) return stock.Conv2DBackpropFilter(args);
      const [, , rows, columns] = attrs.filterShape;
      const depth = tf.util.sizeFromShape(x.shape.slice(0, -1));
      const factors = { a: id(x), b: id(dy), rows, columns, depth, transposedA: true, shape: attrs.filterShape };
      return info(product(runGraft, factors));
    },
  };
}

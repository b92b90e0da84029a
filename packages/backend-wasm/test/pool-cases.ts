import * as tf from "@tensorflow/tfjs-core";

/** A kernel call that is large enough for several threads. */
export interface PoolCase {
  readonly name: string;
  readonly kernel: string;
  readonly inputs: { readonly [name: string]: readonly number[] };
  readonly attrs?: { readonly [name: string]: unknown };
  /** Inputs that are a single number. */
  readonly numbers?: { readonly [name: string]: number };
}

const window = { strides: [1, 1], pad: "same", dataFormat: "NHWC", dilations: [1, 1] };
const strided = { ...window, strides: [2, 2] };
const [x, dy] = [
  [8, 17, 17, 36],
  [8, 17, 17, 44],
];
const pooled = { filterSize: [3, 3], strides: [2, 2], pad: "same" };
const half = [8, 9, 9, 44];
const filter = [3, 3, 36, 44];
const product = (transposeA: boolean, transposeB: boolean): { [name: string]: unknown } => ({ transposeA, transposeB });

/** The cases. Their sizes are not multiples of tiles or chunks, so that each has edges. */
export const POOL_CASES: readonly PoolCase[] = [
  ...[false, true].flatMap((a) =>
    [false, true].map((b) => ({
      name: `matMul ${a ? "Aᵀ" : "A"}·${b ? "Bᵀ" : "B"}, by columns`,
      kernel: "BatchMatMul",
      inputs: { a: a ? [301, 131] : [131, 301], b: b ? [203, 301] : [301, 203] },
      attrs: product(a, b),
    })),
  ),
  {
    name: "matMul by rows",
    kernel: "BatchMatMul",
    inputs: { a: [1021, 70], b: [70, 33] },
    attrs: product(false, false),
  },
  {
    name: "matMul of a batch",
    kernel: "BatchMatMul",
    inputs: { a: [9, 61, 70], b: [9, 70, 59] },
    attrs: product(false, false),
  },
  { name: "conv2d", kernel: "Conv2D", inputs: { x, filter }, attrs: window },
  {
    name: "conv2d + bias + relu6 by columns",
    kernel: "FusedConv2D",
    inputs: { x, filter: [3, 3, 36, 75], bias: [75] },
    attrs: { ...strided, activation: "relu6" },
  },
  { name: "conv2d 1×1", kernel: "Conv2D", inputs: { x, filter: [1, 1, 36, 44] }, attrs: window },
  {
    name: "filter gradient",
    kernel: "Conv2DBackpropFilter",
    inputs: { x, dy: half },
    attrs: { ...strided, filterShape: filter },
  },
  {
    name: "filter gradient 1×1",
    kernel: "Conv2DBackpropFilter",
    inputs: { x, dy },
    attrs: { ...window, filterShape: [1, 1, 36, 44] },
  },
  {
    name: "input gradient",
    kernel: "Conv2DBackpropInput",
    inputs: { dy: half, filter },
    attrs: { ...strided, inputShape: x },
  },
  {
    name: "filter gradient by tiles",
    kernel: "Conv2DBackpropFilter",
    inputs: { x, dy },
    attrs: { ...window, filterShape: filter },
  },
  {
    name: "input gradient by tiles",
    kernel: "Conv2DBackpropInput",
    inputs: { dy, filter },
    attrs: { ...window, inputShape: x },
  },
  {
    name: "input gradient 1×1",
    kernel: "Conv2DBackpropInput",
    inputs: { dy, filter: [1, 1, 36, 44] },
    attrs: { ...window, inputShape: x },
  },
  {
    name: "depthwise filter gradient",
    kernel: "DepthwiseConv2dNativeBackpropFilter",
    inputs: { x: [8, 17, 17, 76], dy: [8, 17, 17, 76] },
    attrs: { ...window, filterShape: [3, 3, 76, 1] },
  },
  {
    name: "depthwise input gradient",
    kernel: "DepthwiseConv2dNativeBackpropInput",
    inputs: { dy: [8, 17, 17, 76], filter: [3, 3, 76, 1] },
    attrs: { ...window, inputShape: [8, 17, 17, 76] },
  },
  {
    name: "batch norm",
    kernel: "GraftBatchNormTraining",
    inputs: { x: [8, 33, 33, 44], scale: [44], offset: [44] },
    attrs: { varianceEpsilon: 1e-3, activation: "relu" },
  },
  {
    name: "batch norm gradient",
    kernel: "GraftBatchNormTrainingGrad",
    inputs: { x: [8, 33, 33, 44], dy: [8, 33, 33, 44], mean: [44], variance: [44], scale: [44] },
    // Larger than the variances, which are normal numbers here and may be negative.
    attrs: { varianceEpsilon: 10 },
  },
  { name: "gelu", kernel: "GraftGelu", inputs: { x: [150_001] } },
  { name: "exact gelu", kernel: "GraftGeluErf", inputs: { x: [150_001] } },
  { name: "exact gelu gradient", kernel: "GraftGeluErfGrad", inputs: { v: [150_001], dy: [150_001] } },
  { name: "softmax", kernel: "Softmax", inputs: { logits: [1501, 103] }, attrs: { dim: 1 } },
  {
    name: "softmax gradient",
    kernel: "GraftSoftmaxGrad",
    inputs: { v: [1501, 257], dy: [1501, 257] },
  },
  {
    name: "softmax cross-entropy",
    kernel: "GraftSoftmaxCrossEntropy",
    inputs: { logits: [1501, 103], targets: [1501, 103] },
  },
  {
    name: "softmax cross-entropy gradient",
    kernel: "GraftSoftmaxCrossEntropyGrad",
    inputs: { softmax: [1501, 257], targets: [1501, 257], dy: [1501] },
  },
  {
    name: "layer norm",
    kernel: "GraftLayerNorm",
    inputs: { x: [3001, 103], gamma: [103], beta: [103] },
    attrs: { epsilon: 1e-3 },
  },
  {
    name: "frozen batch norm",
    kernel: "GraftBatchNorm",
    inputs: { x: [8, 33, 35, 76], mean: [76], variance: [76], scale: [76], offset: [76] },
    attrs: { varianceEpsilon: 10, activation: "relu6" },
  },
  {
    name: "frozen batch norm gradient",
    kernel: "GraftBatchNormGrad",
    inputs: { x: [8, 33, 35, 76], dy: [8, 33, 35, 76], mean: [76], variance: [76], scale: [76], offset: [76] },
    attrs: { varianceEpsilon: 10, activation: "relu6", wantX: true, wantScale: true, wantOffset: true },
  },
  ...(["MaxPool", "AvgPool"] as const).flatMap((kernel) => [
    { name: kernel, kernel, inputs: { x: [8, 33, 35, 76] }, attrs: pooled },
    {
      name: `${kernel} gradient`,
      kernel: `${kernel}Grad`,
      inputs: { input: [8, 33, 35, 76], dy: [8, 17, 18, 76], output: [8, 17, 18, 76] },
      attrs: pooled,
    },
  ]),
  { name: "a power of 3", kernel: "Pow", inputs: { a: [700_001], b: [] }, numbers: { b: 3 } },
  { name: "sum of columns", kernel: "Sum", inputs: { x: [20_011, 77] }, attrs: { axis: [0], keepDims: false } },
];

/** Runs a case and returns its numbers as bytes, which compare fast. No tensor is left. */
export function run({ kernel, inputs, attrs = {}, numbers: given = {} }: PoolCase): Buffer {
  return tf.tidy(() => {
    const tensors = Object.fromEntries(
      Object.entries(inputs).map(([name, shape]) => [
        name,
        tf.tensor(given[name] ?? numbers(tf.util.sizeFromShape(shape as number[])), shape as number[]),
      ]),
    );
    const result = tf.engine().runKernel(kernel, tensors, attrs as tf.NamedAttrMap);
    return Buffer.concat([result].flat().map((tensor) => new Uint8Array((tensor as tf.Tensor).dataSync().buffer)));
  });
}

/** Returns numbers in [−1, 1). They depend only on the count. */
function numbers(count: number): Float32Array {
  const values = new Float32Array(count);
  let state = count;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    values[i] = state / 2 ** 31;
  }
  return values;
}

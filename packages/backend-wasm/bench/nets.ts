import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

/** A net with one batch to train it on. */
export interface Net {
  readonly model: tfl.LayersModel;
  readonly x: tf.Tensor;
  readonly y: tf.Tensor;
}

const CLASSES = 10;
const BATCH = 8;

/** The three nets with which backends are compared: batch 8, images of 64×64×3 or 64 tokens, batch norm at batch statistics. */
export const NETS: Readonly<Record<string, () => Net>> = {
  "mobilenet-v2-like": () => withImages(mobileNetLike()),
  "resnet-like": () => withImages(resNetLike()),
  transformer: () => ({ model: transformer(), x: tf.randomUniform([BATCH, 64], 0, 500, "int32", 7), y: labels() }),
};

/** The three nets, and MobileNetV2 itself at 224×224, which is too large for tests on cpu. */
export const BENCH_NETS: typeof NETS = { ...NETS, "mobilenet-v2-224": () => withImages(mobileNetV2(), 224) };

/** Builds a MobileNetV2-like net, α 0.5: a strided convolution, ten inverted residual blocks, global pooling. */
function mobileNetLike(): tfl.LayersModel {
  const input = tfl.input({ shape: [64, 64, 3] });
  return headed(
    input,
    inverted(convolve(input, 16, 3, 2, 6), 16, [
      [1, 8, 1],
      [6, 12, 2],
      [6, 12, 1],
      [6, 16, 2],
      [6, 16, 1],
      [6, 16, 1],
      [6, 32, 2],
      [6, 32, 1],
      [6, 48, 1],
      [6, 48, 1],
    ]),
  );
}

/** Builds MobileNetV2 (arXiv:1801.04381, table 2), α 1, for images of 224×224×3. */
function mobileNetV2(): tfl.LayersModel {
  const input = tfl.input({ shape: [224, 224, 3] });
  const blocks = [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
  ].flatMap(([expansion = 1, filters = 1, repeats = 1, strides = 1]) =>
    Array.from({ length: repeats }, (_, i) => [expansion, filters, i === 0 ? strides : 1] as const),
  );
  return headed(input, convolve(inverted(convolve(input, 32, 3, 2, 6), 32, blocks), 1280, 1, 1, 6));
}

/** Adds inverted residual blocks. Each block has an expansion, output channels and a stride. */
function inverted(
  x: tfl.SymbolicTensor,
  channels: number,
  blocks: readonly (readonly [number, number, number])[],
): tfl.SymbolicTensor {
  if (blocks.length === 0) return x;
  const [[expansion, filters, strides], ...rest] = blocks as [(typeof blocks)[0], ...typeof blocks];
  let y = expansion > 1 ? convolve(x, channels * expansion, 1, 1, 6) : x;
  y = normalized(
    tfl.layers
      .depthwiseConv2d({ kernelSize: 3, strides, padding: "same", useBias: false })
      .apply(y) as tfl.SymbolicTensor,
    6,
  );
  y = convolve(y, filters, 1, 1);
  const out = strides === 1 && channels === filters ? (tfl.layers.add().apply([x, y]) as tfl.SymbolicTensor) : y;
  return inverted(out, filters, rest);
}

/** Builds a ResNet-like net: seven basic blocks of two 3×3 convolutions, 16 to 128 channels. */
function resNetLike(): tfl.LayersModel {
  const input = tfl.input({ shape: [64, 64, 3] });
  let x = convolve(input, 16, 3, 2, Number.POSITIVE_INFINITY);
  let channels = 16;
  for (const [filters, strides] of [
    [16, 1],
    [32, 2],
    [32, 1],
    [64, 2],
    [64, 1],
    [128, 2],
    [128, 1],
  ] as const) {
    const y = convolve(convolve(x, filters, 3, strides, Number.POSITIVE_INFINITY), filters, 3, 1);
    const skip = strides === 1 && channels === filters ? x : convolve(x, filters, 1, strides);
    x = tfl.layers.reLU().apply(tfl.layers.add().apply([skip, y])) as tfl.SymbolicTensor;
    channels = filters;
  }
  return headed(input, x);
}

/** Builds a transformer: two layers of self-attention (one head) and feed-forward, width 128, 64 tokens. */
function transformer(): tfl.LayersModel {
  const width = 128;
  const input = tfl.input({ shape: [64], dtype: "int32" });
  let x = tfl.layers.embedding({ inputDim: 500, outputDim: width }).apply(input) as tfl.SymbolicTensor;
  const dense = (y: tfl.SymbolicTensor, units: number, activation?: "gelu" | "linear"): tfl.SymbolicTensor =>
    tfl.layers.dense({ units, activation: activation ?? "linear" }).apply(y) as tfl.SymbolicTensor;
  for (let layer = 0; layer < 2; layer++) {
    const normed = tfl.layers.layerNormalization().apply(x) as tfl.SymbolicTensor;
    const [q, k, v] = [dense(normed, width), dense(normed, width), dense(normed, width)];
    const scores = tfl.layers
      .activation({ activation: "softmax" })
      .apply(tfl.layers.dot({ axes: 2 }).apply([q as tfl.SymbolicTensor, k as tfl.SymbolicTensor]));
    const mixed = tfl.layers
      .dot({ axes: [2, 1] })
      .apply([scores as tfl.SymbolicTensor, v as tfl.SymbolicTensor]) as tfl.SymbolicTensor;
    x = tfl.layers.add().apply([x, dense(mixed, width)]) as tfl.SymbolicTensor;
    const inner = dense(tfl.layers.layerNormalization().apply(x) as tfl.SymbolicTensor, 4 * width, "gelu");
    x = tfl.layers.add().apply([x, dense(inner, width)]) as tfl.SymbolicTensor;
  }
  const pooled = tfl.layers.globalAveragePooling1d({}).apply(x) as tfl.SymbolicTensor;
  return tfl.model({
    inputs: input,
    outputs: tfl.layers.dense({ units: CLASSES, activation: "softmax" }).apply(pooled) as tfl.SymbolicTensor,
  });
}

/** Adds convolution and batch norm, then relu up to `ceiling` if it is given. */
function convolve(
  x: tfl.SymbolicTensor,
  filters: number,
  kernelSize: number,
  strides: number,
  ceiling?: number,
): tfl.SymbolicTensor {
  return normalized(
    tfl.layers.conv2d({ filters, kernelSize, strides, padding: "same", useBias: false }).apply(x) as tfl.SymbolicTensor,
    ceiling,
  );
}

function normalized(x: tfl.SymbolicTensor, ceiling?: number): tfl.SymbolicTensor {
  const y = tfl.layers.batchNormalization().apply(x) as tfl.SymbolicTensor;
  if (ceiling === undefined) return y;
  return tfl.layers.reLU(Number.isFinite(ceiling) ? { maxValue: ceiling } : {}).apply(y) as tfl.SymbolicTensor;
}

function headed(input: tfl.SymbolicTensor, x: tfl.SymbolicTensor): tfl.LayersModel {
  const pooled = tfl.layers.globalAveragePooling2d({}).apply(x) as tfl.SymbolicTensor;
  return tfl.model({
    inputs: input,
    outputs: tfl.layers.dense({ units: CLASSES, activation: "softmax" }).apply(pooled) as tfl.SymbolicTensor,
  });
}

function withImages(model: tfl.LayersModel, size = 64): Net {
  return { model, x: tf.randomNormal([BATCH, size, size, 3], 0, 1, "float32", 7), y: labels() };
}

function labels(): tf.Tensor {
  return tf.cast(tf.oneHot(tf.range(0, BATCH, 1, "int32"), CLASSES), "float32");
}

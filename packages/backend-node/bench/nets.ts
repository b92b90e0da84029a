import { createRequire } from "node:module";
import { frozenBatchNorm } from "@graftjs/frozen-bn";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

/** A net with one batch to train it on. */
export interface Net {
  readonly model: tfl.LayersModel;
  readonly x: tf.Tensor;
  readonly y: tf.Tensor;
  /** Whether the weights are pretrained and must not be drawn at random. */
  readonly pretrained?: boolean;
}

const CLASSES = 10;
const BATCH = 8;

/** Nets for comparing backends: batch 8, images of 64×64×3 or 224×224×3 or 64 tokens, batch norm at batch statistics. */
export const NETS: Readonly<Record<string, () => Net | Promise<Net>>> = {
  "mobilenet-v2-like": () => withImages(mobileNetLike()),
  "mobilenet-v2-224": () => withImages(mobileNetV2(), 224),
  "resnet-like": () => withImages(resNetLike()),
  "mobilenet-v2-tail": () => mobileNetTail(),
  transformer: () => ({ model: transformer(), x: tf.randomUniform([BATCH, 64], 0, 500, "int32", 7), y: labels() }),
};

/** Makes a net like MobileNetV2 with α 0.5: a strided convolution, ten inverted residual blocks, global pooling. */
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

/** Makes MobileNetV2 (arXiv:1801.04381, table 2) with α 1 for images of 224×224×3. */
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

/** Adds inverted residual blocks. Each is given by expansion, output channels and stride. */
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

/**
 * Makes MobileNetV2 from block 13 on, with nsfwjs's weights and frozen batch norms. This is the part that fine-tuning of the last four
 * blocks trains. Its inputs are the features of the blocks before it for 16 images of 224×224.
 */
async function mobileNetTail(): Promise<Net> {
  const input = tfl.input({ shape: [14, 14, 96] });
  let x = input;
  for (const [channels, filters, strides] of [
    [96, 160, 2],
    [160, 160, 1],
    [160, 160, 1],
    [160, 320, 1],
  ] as const) {
    const wide = convolve(x, channels * 6, 1, 1, 6);
    const deep = normalized(
      tfl.layers
        .depthwiseConv2d({ kernelSize: 3, strides, padding: "same", useBias: false })
        .apply(wide) as tfl.SymbolicTensor,
      6,
    );
    const y = convolve(deep, filters, 1, 1);
    x = strides === 1 && channels === filters ? (tfl.layers.add().apply([x, y]) as tfl.SymbolicTensor) : y;
  }
  const model = headed(input, convolve(x, 1280, 1, 1, 6));
  for (const layer of model.layers) if (layer.getClassName() === "BatchNormalization") layer.trainable = false;
  const backbone = await nsfwMobileNet();
  const first = backbone.layers.findIndex(({ name }) => name.startsWith("block_13"));
  const trained = backbone.layers.slice(first).filter((layer) => layer.weights.length > 0);
  const ours = model.layers.filter((layer) => layer.weights.length > 0);
  // Copy all weights except those of the head, which is new. It is drawn with a seed, so that every run starts with the same weights.
  ours.slice(0, -1).forEach((layer, i) => {
    layer.setWeights((trained[i] as tfl.layers.Layer).getWeights());
  });
  const head = tf.randomNormal<tf.Rank.R2>([1280, CLASSES], 0, Math.sqrt(1 / 1280), "float32", 1);
  (ours.at(-1) as tfl.layers.Layer).setWeights([head, tf.zeros([CLASSES])]);
  const trunk = tfl.model({
    inputs: backbone.inputs,
    outputs: (backbone.layers[first - 1] as tfl.layers.Layer).output as tfl.SymbolicTensor,
  });
  const images = tf.randomUniform([16, 224, 224, 3], 0, 1, "float32", 7);
  const features = trunk.predict(images) as tf.Tensor;
  const labels16 = tf.cast(
    tf.oneHot(
      tf.tensor1d(
        Array.from({ length: 16 }, (_, i) => i % CLASSES),
        "int32",
      ),
      CLASSES,
    ),
    "float32",
  );
  images.dispose();
  backbone.dispose();
  frozenBatchNorm().apply(model);
  return { model, x: features, y: labels16, pretrained: true };
}

/** Loads MobileNetV2 of npm `nsfwjs` 4.3.0 (MIT), for inputs of 224×224×3. */
async function nsfwMobileNet(): Promise<tfl.LayersModel> {
  const require = createRequire(import.meta.url);
  const folder = require.resolve("nsfwjs/models/mobilenet_v2").replace(/dist[\\/].*$/, "dist/models/mobilenet_v2/");
  const { modelTopology, weightsManifest } = require(`${folder}model.min.js`) as {
    modelTopology: object;
    weightsManifest: tf.io.WeightsManifestConfig;
  };
  const shard = require(`${folder}group1-shard1of1.min.js`) as string;
  const weightData = Uint8Array.from(Buffer.from(shard, "base64")).buffer;
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  return tfl.loadLayersModel({ load: async () => ({ modelTopology, weightSpecs, weightData }) });
}

/** Makes seven basic blocks of two 3×3 convolutions, with 16 to 128 channels. */
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

/** Makes two layers of self-attention (one head) and feed-forward, width 128, 64 tokens. */
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

/** Adds a convolution and a batch norm, then a relu with the upper bound `ceiling` if it is given. */
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

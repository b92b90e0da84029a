import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { NETS, type Net } from "../bench/nets.ts";

const init = (seed: number): ReturnType<typeof tfl.initializers.heNormal> => tfl.initializers.heNormal({ seed });
const labels = (batch: number, classes: number): tf.Tensor =>
  tf.cast(tf.oneHot(tf.range(0, batch, 1, "int32"), classes), "float32");
const net = (layers: tfl.layers.Layer[], x: tf.Tensor): Net => ({
  model: tfl.sequential({ layers: [...layers, tfl.layers.dense({ units: 4, activation: "softmax" })] }),
  x,
  y: labels(x.shape[0] as number, 4),
});

/** Images of a batch that cpu differentiates in a few seconds. */
const imagesOf = (name: string): number => (name === "transformer" ? 2 : 1);

/** The nets of the bench with one or two images of their batch, and five other kinds of nets. */
export const GRADIENT_NETS: Readonly<Record<string, () => Net>> = {
  ...Object.fromEntries(
    Object.entries(NETS).map(([name, make]) => [
      name,
      (): Net => {
        const { model, x, y } = make();
        const images = imagesOf(name);
        return { model, x: tf.slice(x, 0, [images, ...x.shape.slice(1)]), y: tf.slice(y, 0, [images, 10]) };
      },
    ]),
  ),
  "strided convolutions, selu, average pooling": () =>
    net(
      [
        tfl.layers.conv2d({
          inputShape: [16, 15, 3],
          filters: 8,
          kernelSize: 3,
          strides: 2,
          kernelInitializer: init(1),
        }),
        tfl.layers.activation({ activation: "selu" }),
        tfl.layers.averagePooling2d({ poolSize: 2 }),
        tfl.layers.conv2d({ filters: 6, kernelSize: [3, 2], activation: "elu", kernelInitializer: init(2) }),
        tfl.layers.flatten(),
      ],
      tf.randomNormal([4, 16, 15, 3], 0, 1, "float32", 11),
    ),
  "transposed convolution, depthwise multiplier 2, max pooling": () =>
    net(
      [
        tfl.layers.conv2dTranspose({
          inputShape: [7, 6, 5],
          filters: 6,
          kernelSize: 3,
          strides: 2,
          kernelInitializer: init(1),
        }),
        tfl.layers.leakyReLU(),
        tfl.layers.depthwiseConv2d({ kernelSize: 3, strides: 2, depthMultiplier: 2, depthwiseInitializer: init(2) }),
        tfl.layers.maxPooling2d({ poolSize: 2, strides: 1 }),
        tfl.layers.flatten(),
      ],
      tf.randomNormal([4, 7, 6, 5], 0, 1, "float32", 12),
    ),
  "embedding, bidirectional LSTM, GRU": () =>
    net(
      [
        tfl.layers.embedding({ inputDim: 20, outputDim: 8, inputLength: 9, maskZero: true }),
        tfl.layers.bidirectional({
          layer: tfl.layers.lstm({ units: 7, returnSequences: true, recurrentInitializer: init(1) }) as never,
          mergeMode: "concat",
        }),
        tfl.layers.gru({ units: 6, recurrentInitializer: init(2) }),
      ],
      tf.randomUniform([4, 9], 0, 20, "int32", 13),
    ),
  "conv1d, batch norm, layer norm, tanh": () =>
    net(
      [
        tfl.layers.conv1d({ inputShape: [20, 4], filters: 8, kernelSize: 5, kernelInitializer: init(1) }),
        tfl.layers.batchNormalization(),
        tfl.layers.activation({ activation: "tanh" }),
        tfl.layers.layerNormalization(),
        tfl.layers.flatten(),
        tfl.layers.dense({ units: 16, activation: "gelu" }),
      ],
      tf.randomNormal([4, 20, 4], 0, 1, "float32", 14),
    ),
  "convolutional LSTM, separable convolution": () =>
    net(
      [
        tfl.layers.convLstm2d({
          inputShape: [3, 8, 8, 2],
          filters: 3,
          kernelSize: 3,
          kernelInitializer: init(1),
          recurrentInitializer: init(2),
        }) as tfl.layers.Layer,
        tfl.layers.separableConv2d({ filters: 5, kernelSize: 3, activation: "relu6" }),
        tfl.layers.globalAveragePooling2d({}),
      ],
      tf.randomNormal([4, 3, 8, 8, 2], 0, 1, "float32", 15),
    ),
};

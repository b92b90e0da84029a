import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

const { layers } = tfl;

/** Makes a model with every kind of layer that an adapter can change, and some that it cannot. Input [8, 8, 3], output [2]. */
export function everyKind(): tfl.LayersModel {
  const input = tfl.input({ shape: [8, 8, 3] });
  const cell = { units: 3, recurrentInitializer: "glorotUniform" } as const;
  const parts = [
    layers.conv2d({ filters: 4, kernelSize: 3, padding: "same", activation: "relu", name: "conv" }),
    layers.conv2d({ filters: 4, kernelSize: 3, name: "valid", strides: 1 }),
    layers.depthwiseConv2d({ kernelSize: 3, padding: "same", name: "depthwise" }),
    layers.conv2dTranspose({ filters: 5, kernelSize: 3, strides: 2, padding: "same", activation: "tanh", name: "up" }),
    layers.separableConv2d({ filters: 6, kernelSize: 3, name: "separable" }),
    layers.reshape({ targetShape: [100, 6] }),
    layers.conv1d({ filters: 4, kernelSize: 3, dilationRate: 2, name: "dilated" }),
    layers.conv1d({ filters: 4, kernelSize: 5, strides: 5, padding: "same", name: "strided" }),
    layers.timeDistributed({ layer: layers.dense({ units: 5, activation: "sigmoid", name: "inner" }), name: "each" }),
    layers.bidirectional({ layer: layers.lstm(cell) as tfl.RNN, name: "bi", mergeMode: "concat" }),
    layers.dense({ units: 4, activation: "tanh", name: "dense" }),
    layers.dense({ units: 2, activation: "softmax", name: "head" }),
  ];
  const output = parts.reduce((x, layer) => layer.apply(x) as tfl.SymbolicTensor, input);
  return filled(tfl.model({ inputs: input, outputs: output, name: "every-kind" }));
}

/** Makes a model of token numbers [6]: embedding, gru, head [3]. */
export function tokens(): tfl.LayersModel {
  return filled(
    tfl.sequential({
      layers: [
        layers.embedding({ inputDim: 10, outputDim: 4, inputLength: 6, name: "embed" }),
        layers.gru({ units: 3, recurrentInitializer: "glorotUniform", name: "gru" }),
        layers.dense({ units: 3, name: "head" }),
      ],
    }),
  );
}

/** Makes a model of volumes [4, 4, 4, 2]: two convolutions and a head [2]. */
export function volumes(): tfl.LayersModel {
  return filled(
    tfl.sequential({
      layers: [
        layers.conv3d({ filters: 3, kernelSize: 2, name: "conv", inputShape: [4, 4, 4, 2] }),
        layers.conv3dTranspose({ filters: 2, kernelSize: 2, name: "up", activation: "tanh" }),
        layers.flatten(),
        layers.dense({ units: 2, name: "head" }),
      ],
    }),
  );
}

/** Fills a model's weights with numbers from sin, vectors with positive ones, so that every run computes the same. */
export function filled<M extends tfl.LayersModel>(model: M): M {
  model.setWeights(
    model.getWeights().map((weight, k) => {
      const bound = Math.sqrt(3 / (weight.size / (weight.shape.at(-1) ?? 1)));
      return tf.tensor(
        Float32Array.from({ length: weight.size }, (_, i) => {
          const value = bound * Math.sin(i * 2.3 + k);
          return weight.rank === 1 ? Math.abs(value) + 0.1 : value;
        }),
        weight.shape,
      );
    }),
  );
  return model;
}

/** Adds numbers from sin to every variable, so that no adapter is an identity. */
export function disturb(variables: readonly tf.Variable[]): void {
  variables.forEach((variable, k) => {
    const values = Float32Array.from({ length: variable.size }, (_, i) => 0.5 * Math.sin(i * 1.7 + k + 1));
    tf.tidy(() => variable.assign(tf.add(variable, tf.tensor(values, variable.shape))));
  });
}

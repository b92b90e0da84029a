import * as tfl from "@tensorflow/tfjs-layers";

/** A net with a kind of layer before its head, and the inputs of an example. */
export interface LayerCase {
  readonly build: () => tfl.LayersModel;
  readonly inputs: readonly InputSpec[];
}

/** Shape of an example. With `below`, its values are whole numbers from 0 to below that number, otherwise any in −1…1. They are float32 without `dtype`. */
export interface InputSpec {
  readonly shape: readonly number[];
  readonly below?: number;
  readonly dtype?: "int32" | "bool";
}

type Layer = tfl.layers.Layer;
type Symbol = tfl.SymbolicTensor;

const L = tfl.layers;
/** The default initializer of recurrent kernels calls methods that tfjs-core does not have by itself. The weights are set later. */
const r = { recurrentInitializer: "zeros" } as const;

/** Makes a sequential net of layers that end in a head with two outputs. */
function chain(shape: readonly number[], layers: () => readonly unknown[], below?: number): LayerCase {
  return {
    inputs: [below === undefined ? { shape } : { shape, below }],
    build: () => {
      const first = L.inputLayer({ inputShape: [...shape] });
      const model = tfl.sequential({ layers: [first, ...(layers() as Layer[])] });
      if ((model.outputs[0] as Symbol).shape.length > 2) model.add(L.flatten());
      model.add(L.dense({ units: 2, name: "head" }));
      return model;
    },
  };
}

/** Makes a net with several inputs. */
function graph(inputs: readonly InputSpec[], join: (...inputs: Symbol[]) => unknown): LayerCase {
  return {
    inputs,
    build: () => {
      const symbols = inputs.map(({ shape }) => tfl.input({ shape: [...shape] }));
      const head = L.dense({ units: 2, name: "head" });
      return tfl.model({ inputs: symbols, outputs: head.apply(join(...symbols) as Symbol) as Symbol });
    },
  };
}

/** Embeds words of a vocabulary of seven. With a mask, word 0 is padding. */
const embed = (maskZero: boolean, outputDim = 4): Layer => L.embedding({ inputDim: 7, outputDim, maskZero });
const words: InputSpec = { shape: [5], below: 7 };
const on = (layer: Layer, ...inputs: unknown[]): Symbol =>
  layer.apply((inputs.length > 1 ? inputs : inputs[0]) as Symbol) as Symbol;

const recurrent: Readonly<Record<string, LayerCase>> = {
  simpleRNN: chain([5, 3], () => [L.simpleRNN({ units: 4, ...r })]),
  gru: chain([5, 3], () => [L.gru({ units: 4, ...r })]),
  lstm: chain([5, 3], () => [L.lstm({ units: 4, ...r })]),
  "lstm backwards": chain([5, 3], () => [L.lstm({ units: 4, returnSequences: true, goBackwards: true, ...r })]),
  "stacked cells": chain([5, 3], () => [
    L.rnn({ cell: [L.lstmCell({ units: 3, ...r }), L.gruCell({ units: 2, ...r })] as never }),
  ]),
  bidirectional: chain([5, 3], () => [
    L.bidirectional({ layer: L.lstm({ units: 3, returnSequences: true, ...r }) as never, mergeMode: "concat" }),
  ]),
  "bidirectional sum": chain([5, 3], () => [
    L.bidirectional({ layer: L.gru({ units: 3, ...r }) as never, mergeMode: "sum" }),
  ]),
  "masked lstm": chain([5], () => [embed(true), L.lstm({ units: 3, ...r })], 7),
  "masked bidirectional": chain(
    [5],
    () => [embed(true), L.bidirectional({ layer: L.gru({ units: 3, ...r }) as never, mergeMode: "ave" })],
    7,
  ),
  masking: chain([5, 3], () => [L.masking({ maskValue: 0 }), L.simpleRNN({ units: 4, ...r })], 3),
  "embedding and mean": chain([5], () => [embed(false), L.globalAveragePooling1d()], 7),
  convLstm2d: chain([3, 4, 4, 2], () => [L.convLstm2d({ filters: 2, kernelSize: 2, ...r })]),
  "sequence to sequence": graph([{ shape: [5, 3] }, { shape: [4, 2] }], (a, b) => {
    const [, h, c] = L.lstm({ units: 3, returnState: true, ...r }).apply(a) as Symbol[];
    const decoded = L.lstm({ units: 3, returnSequences: true, ...r }).apply(b, { initialState: [h, c] } as never);
    return on(L.flatten(), decoded);
  }),
  "masked merge": graph([words, words], (a, b) => {
    const [e, f] = [embed(true, 3), embed(false, 3)];
    return on(L.lstm({ units: 3, ...r }), on(L.concatenate(), on(e, a), on(f, b)));
  }),
  "masked sum": graph([words, words], (a, b) => {
    const e = embed(true, 3);
    return on(L.lstm({ units: 3, ...r }), on(L.add(), on(e, a), on(e, b)));
  }),
};

const spatial: Readonly<Record<string, LayerCase>> = {
  conv1d: chain([5, 3], () => [L.conv1d({ filters: 4, kernelSize: 3, activation: "relu" })]),
  "conv1d dilated": chain([6, 3], () => [L.conv1d({ filters: 4, kernelSize: 2, dilationRate: 2, padding: "same" })]),
  conv2dTranspose: chain([6, 6, 3], () => [
    L.conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2, padding: "same" }),
  ]),
  separable: chain([6, 6, 3], () => [L.separableConv2d({ filters: 4, kernelSize: 3, depthMultiplier: 2 })]),
  depthwise: chain([7, 7, 3], () => [
    L.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, strides: 2, padding: "same" }),
  ]),
  conv3d: chain([3, 4, 4, 2], () => [L.conv3d({ filters: 2, kernelSize: 2 })]),
  conv3dTranspose: chain([2, 3, 3, 2], () => [L.conv3dTranspose({ filters: 2, kernelSize: 2, strides: 2 })]),
  upsample: chain([4, 4, 3], () => [L.conv2d({ filters: 2, kernelSize: 3 }), L.upSampling2d({ size: [2, 2] })]),
  "upsample bilinear": chain([4, 4, 3], () => [
    L.conv2d({ filters: 2, kernelSize: 3 }),
    L.upSampling2d({ size: [2, 2], interpolation: "bilinear" }),
  ]),
  globalMax: chain([6, 6, 3], () => [L.conv2d({ filters: 4, kernelSize: 3 }), L.globalMaxPooling2d({})]),
  globalMax1d: chain([6, 3], () => [L.conv1d({ filters: 4, kernelSize: 3 }), L.globalMaxPooling1d()]),
  "average pool": chain([5, 5, 3], () => [
    L.conv2d({ filters: 4, kernelSize: 1 }),
    L.averagePooling2d({ poolSize: 2, padding: "same" }),
  ]),
  maxPool1d: chain([6, 3], () => [L.conv1d({ filters: 4, kernelSize: 3 }), L.maxPooling1d({ poolSize: 2 })]),
  averagePool3d: chain([4, 4, 4, 2], () => [
    L.conv3d({ filters: 2, kernelSize: 1 }),
    L.averagePooling3d({ poolSize: 2 } as never),
  ]),
  maxPool3d: chain([4, 4, 4, 2], () => [
    L.conv3d({ filters: 2, kernelSize: 1 }),
    L.maxPooling3d({ poolSize: 2 } as never),
  ]),
  "padding and cropping": chain([4, 4, 3], () => [
    L.zeroPadding2d({
      padding: [
        [1, 2],
        [0, 1],
      ] as never,
    }),
    L.conv2d({ filters: 2, kernelSize: 2 }),
    L.cropping2D({
      cropping: [
        [1, 0],
        [0, 1],
      ] as never,
    }),
  ]),
  "conv2d in time": chain([2, 4, 4, 3], () => [L.timeDistributed({ layer: L.conv2d({ filters: 2, kernelSize: 2 }) })]),
};

const others: Readonly<Record<string, LayerCase>> = {
  layerNorm: chain([5, 3], () => [L.layerNormalization({})]),
  "layerNorm over two axes": chain([5, 3], () => [L.layerNormalization({ axis: [1, 2] })]),
  prelu: chain([4, 4, 3], () => [L.prelu({ sharedAxes: [1, 2] })]),
  "smooth activations": chain([3], () => [
    L.dense({ units: 6, activation: "selu" }),
    ...["softplus", "softsign", "swish", "mish", "gelu", "gelu_new", "tanh", "softmax"].map((activation) =>
      L.activation({ activation: activation as never }),
    ),
  ]),
  "bent activations": chain([3], () => [
    L.dense({ units: 6, activation: "elu" }),
    L.leakyReLU({ alpha: 0.1 }),
    L.thresholdedReLU({ theta: 0.01 }),
    L.reLU({ maxValue: 1 }),
    L.activation({ activation: "hardSigmoid" }),
    L.softmax({}),
  ]),
  "shapes of time": chain([3], () => [
    L.dense({ units: 6 }),
    L.reshape({ targetShape: [2, 3] }),
    L.permute({ dims: [2, 1] }),
    L.flatten(),
    L.repeatVector({ n: 4 }),
    L.timeDistributed({ layer: L.dense({ units: 2 }) }),
  ]),
  "batch norm": chain([5, 3], () => [L.conv1d({ filters: 4, kernelSize: 2 }), L.batchNormalization()]),
  "batch norm 3-D": chain([3, 3, 3, 2], () => [L.conv3d({ filters: 2, kernelSize: 2 }), L.batchNormalization()]),
  "batch norm, axis 1": chain([4, 4, 2], () => [
    L.conv2d({ filters: 2, kernelSize: 2 }),
    L.batchNormalization({ axis: 1 }),
  ]),
  regularizer: chain([3], () => [L.dense({ units: 4, kernelRegularizer: "l1l2" })]),
  rescaling: chain([4, 4, 3], () => [L.rescaling({ scale: 1 / 127.5, offset: -1 } as never)], 256),
  category: chain(
    [3],
    () => [L.reshape({ targetShape: [3] }), L.categoryEncoding({ numTokens: 5, outputMode: "multiHot" })],
    5,
  ),
  attention: graph([{ shape: [4, 3] }], (a) => {
    const scores = on(L.dot({ axes: [2, 2] }), on(L.dense({ units: 3 }), a), on(L.dense({ units: 3 }), a));
    return on(L.flatten(), on(L.dot({ axes: [2, 1] }), scores, a));
  }),
  siamese: graph([{ shape: [4] }, { shape: [4] }], (a, b) => {
    const d = L.dense({ units: 3, activation: "tanh" });
    const merged = [L.multiply(), L.minimum(), L.maximum(), L.average()].map((m) => on(m, on(d, a), on(d, b)));
    return on(L.concatenate(), ...merged);
  }),
};

/** Makes a net whose inputs are not float32. Their kernels would refuse them, or read their bytes as floats. */
const typed = (dtype: "int32" | "bool", shape: readonly number[], layer: () => Layer): LayerCase => ({
  ...chain(shape, () => [layer()]),
  inputs: [{ shape, below: dtype === "bool" ? 2 : 5, dtype }],
});

const integers: Readonly<Record<string, LayerCase>> = {
  "int32 dense": typed("int32", [4], () => L.dense({ units: 3 })),
  "int32 conv2d": typed("int32", [5, 5, 2], () => L.conv2d({ filters: 2, kernelSize: 3 })),
  "int32 depthwise": typed("int32", [5, 5, 2], () => L.depthwiseConv2d({ kernelSize: 3 })),
  "int32 average pool": typed("int32", [4, 4, 2], () => L.averagePooling2d({})),
  "int32 layerNorm": typed("int32", [4], () => L.layerNormalization({})),
  "int32 lstm": typed("int32", [4, 2], () => L.lstm({ units: 3, ...r })),
  "bool batch norm": typed("bool", [4, 4, 2], () => L.batchNormalization()),
  "bool conv3d": typed("bool", [3, 3, 3, 2], () => L.conv3d({ filters: 2, kernelSize: 2 })),
};

/** Nets with the kinds of layers that people fine-tune, by name. */
export const LAYER_CASES: Readonly<Record<string, LayerCase>> = { ...recurrent, ...spatial, ...others, ...integers };

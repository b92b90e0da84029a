import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { useDilatedFilters } from "./dilated-filter.ts";
import { randomNumbers } from "./reference.ts";

type Layer = tfl.layers.Layer;

/** A set-up to train: input, layers, labels and loss. */
interface Setup {
  readonly input: readonly number[];
  readonly layers: () => Layer[];
  /** With this, the inputs are integers below it instead of normal numbers. */
  readonly tokens?: number;
  readonly loss?: string;
  readonly optimizer?: () => tf.Optimizer;
  /** Kind of the labels: "probabilities", "classes" (integers), "signs", or normal numbers. */
  readonly targets?: "probabilities" | "classes" | "signs" | "positive";
  readonly model?: () => tfl.LayersModel;
  /** @default 3 */
  readonly batchSize?: number;
  /** Changes cpu's model if tfjs itself cannot train the layers. */
  readonly oracle?: (model: tfl.LayersModel) => void;
}

const L = tfl.layers;
const init = (seed = 3): ReturnType<typeof tfl.initializers.glorotNormal> => tfl.initializers.glorotNormal({ seed });
const dense = (units: number, activation = "linear"): Layer =>
  L.dense({ units, activation: activation as "relu", kernelInitializer: init(units) });
const conv = (args: object = {}): Layer => L.conv2d({ filters: 4, kernelSize: 3, kernelInitializer: init(), ...args });
const image = [8, 8, 3];
const ACTIVATIONS = [
  "elu",
  "selu",
  "relu",
  "relu6",
  "linear",
  "sigmoid",
  "hardSigmoid",
  "softplus",
  "softsign",
  "tanh",
  "softmax",
  "swish",
  "mish",
  "gelu",
  "gelu_new",
];
const LOSSES: { readonly [loss: string]: Setup["targets"] } = {
  meanSquaredError: undefined as never,
  meanAbsoluteError: undefined as never,
  meanAbsolutePercentageError: "positive",
  meanSquaredLogarithmicError: "positive",
  squaredHinge: "signs",
  hinge: "signs",
  categoricalHinge: "probabilities",
  logcosh: undefined as never,
  binaryCrossentropy: "probabilities",
  categoricalCrossentropy: "probabilities",
  sparseCategoricalCrossentropy: "classes",
  kullbackLeiblerDivergence: "probabilities",
  poisson: "positive",
  cosineProximity: undefined as never,
};
const OPTIMIZERS: { readonly [name: string]: () => tf.Optimizer } = {
  sgd: () => tf.train.sgd(0.05),
  momentum: () => tf.train.momentum(0.05, 0.9),
  nesterov: () => tf.train.momentum(0.05, 0.9, true),
  adagrad: () => tf.train.adagrad(0.05),
  adadelta: () => tf.train.adadelta(0.05),
  adam: () => tf.train.adam(0.01, 0.9, 0.999, 1e-7),
  adamax: () => tf.train.adamax(0.01),
  rmsprop: () => tf.train.rmsprop(0.01),
};

const recurrent = (layer: (args: object) => Layer, args: { readonly returnSequences?: boolean } = {}): Setup => ({
  input: [5, 3],
  layers: () => [
    layer({ units: 4, kernelInitializer: init(), recurrentInitializer: init(5), ...args }),
    ...(args.returnSequences ? [L.flatten()] : []),
    dense(2),
  ],
});

/** Makes a model of two branches that are joined by `merge`. */
const merged = (merge: () => Layer): Setup => ({
  input: [6],
  layers: () => [],
  model: () => {
    const input = tfl.input({ shape: [6] });
    const branches = [dense(4, "tanh").apply(input), dense(4, "sigmoid").apply(input)] as tfl.SymbolicTensor[];
    const joined = merge().apply(branches) as tfl.SymbolicTensor;
    return tfl.model({ inputs: input, outputs: dense(2).apply(joined) as tfl.SymbolicTensor });
  },
});

/**
 * Layers with dilation 2. tfjs refuses to train them on every backend, so cpu uses filters with zeros between the taps. There is
 * no depthwiseConv2d, because that layer of tfjs-layers ignores its `dilationRate`.
 */
const dilated = (layer: (args: object) => Layer): Setup => ({
  input: image,
  layers: () => [layer({ dilationRate: 2, kernelSize: 3 }), L.flatten(), dense(2)],
  oracle: useDilatedFilters,
});
const filters = { depthwiseInitializer: init(), pointwiseInitializer: init(4) };

/** Every set-up by name. The name tells its special feature. */
export const SETUPS: { readonly [name: string]: Setup } = {
  ...Object.fromEntries(ACTIVATIONS.map((a) => [`dense ${a}`, { input: [6], layers: () => [dense(7, a), dense(2)] }])),
  ...Object.fromEntries(
    Object.entries(LOSSES).map(([loss, targets]) => [
      `loss ${loss}`,
      { input: [6], layers: () => [dense(5, "tanh"), dense(3, "softmax")], loss, ...(targets ? { targets } : {}) },
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(OPTIMIZERS).map(([name, optimizer]) => [
      `optimizer ${name}`,
      { input: image, layers: () => [conv({ activation: "relu" }), L.flatten(), dense(2)], optimizer },
    ]),
  ),
  "conv2d same": { input: image, layers: () => [conv({ padding: "same", activation: "relu" }), L.flatten(), dense(2)] },
  "conv2d stride 2": { input: image, layers: () => [conv({ strides: 2, activation: "tanh" }), L.flatten(), dense(2)] },
  "conv2d 1x1": { input: image, layers: () => [conv({ kernelSize: 1 }), L.flatten(), dense(2)] },
  "conv2d not square": {
    input: image,
    layers: () => [conv({ kernelSize: [2, 5], strides: [2, 1] }), L.flatten(), dense(2)],
  },
  "conv2d twice": {
    input: image,
    layers: () => [conv({ activation: "relu6" }), conv({ filters: 6, activation: "elu" }), L.flatten(), dense(2)],
  },
  conv2dTranspose: {
    input: [5, 5, 3],
    layers: () => [
      L.conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2, kernelInitializer: init() }),
      L.flatten(),
      dense(2),
    ],
  },
  separableConv2d: {
    input: image,
    layers: () => [
      L.separableConv2d({ filters: 4, kernelSize: 3, depthwiseInitializer: init(), pointwiseInitializer: init(4) }),
      L.flatten(),
      dense(2),
    ],
  },
  "depthwiseConv2d multiplier 2": {
    input: image,
    layers: () => [
      L.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, depthwiseInitializer: init() }),
      L.flatten(),
      dense(2),
    ],
  },
  "depthwiseConv2d stride 2 same": {
    input: image,
    layers: () => [
      L.depthwiseConv2d({ kernelSize: 3, strides: 2, padding: "same", depthwiseInitializer: init() }),
      L.flatten(),
      dense(2),
    ],
  },
  "conv2d dilated": dilated((args) => conv(args)),
  "conv2d dilated, linear, same": dilated((args) => conv({ ...args, activation: "linear", padding: "same" })),
  "conv2d dilated, relu": dilated((args) => conv({ ...args, activation: "relu" })),
  "conv2d dilated, no bias": dilated((args) => conv({ ...args, useBias: false })),
  "separableConv2d dilated": dilated((args) => L.separableConv2d({ ...args, ...filters, filters: 4 } as never)),
  "separableConv2d dilated, relu, same": dilated((args) =>
    L.separableConv2d({ ...args, ...filters, filters: 4, activation: "relu", padding: "same" } as never),
  ),
  conv3d: {
    input: [4, 5, 5, 1],
    layers: () => [L.conv3d({ filters: 2, kernelSize: 2, kernelInitializer: init() }), L.flatten(), dense(2)],
  },
  "maxPooling2d of negative numbers": {
    input: image,
    layers: () => [conv({ activation: "elu" }), L.maxPooling2d({ poolSize: 2 }), L.flatten(), dense(2)],
  },
  "maxPooling2d 3 stride 2 same": {
    input: image,
    layers: () => [
      conv({ activation: "relu" }),
      L.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }),
      L.flatten(),
      dense(2),
    ],
  },
  averagePooling2d: {
    input: image,
    layers: () => [conv(), L.averagePooling2d({ poolSize: 2 }), L.flatten(), dense(2)],
  },
  maxPooling1d: {
    input: [9, 4],
    layers: () => [
      L.conv1d({ filters: 5, kernelSize: 3, kernelInitializer: init() }),
      L.maxPooling1d({ poolSize: 2 }),
      L.flatten(),
      dense(2),
    ],
  },
  globalMaxPooling2d: { input: image, layers: () => [conv(), L.globalMaxPooling2d({}), dense(2)] },
  globalAveragePooling2d: { input: image, layers: () => [conv(), L.globalAveragePooling2d({}), dense(2)] },
  "batchNormalization after conv": {
    input: image,
    layers: () => [conv({ useBias: false }), L.batchNormalization(), L.reLU(), L.flatten(), dense(2)],
  },
  "batchNormalization of vectors": {
    input: [6],
    layers: () => [dense(5), L.batchNormalization({ momentum: 0.5 }), dense(2)],
  },
  layerNormalization: { input: [5, 6], layers: () => [L.layerNormalization(), L.flatten(), dense(2)] },
  prelu: { input: image, layers: () => [conv(), L.prelu({ sharedAxes: [1, 2] }), L.flatten(), dense(2)] },
  leakyReLU: { input: [6], layers: () => [dense(5), L.leakyReLU({ alpha: 0.2 }), dense(2)] },
  "reLU to 6": { input: [6], layers: () => [dense(5), L.reLU({ maxValue: 6 }), dense(2)] },
  // The batch has one image, because cpu's gradient of the nearest-neighbour resize reads the wrong dy for further images.
  upSampling2d: {
    batchSize: 1,
    optimizer: () => tf.train.sgd(0.001),
    input: [4, 4, 3],
    layers: () => [conv({ padding: "same" }), L.upSampling2d({ size: [2, 2] }), L.flatten(), dense(2)],
  },
  "zeroPadding2d and cropping2d": {
    input: image,
    layers: () => [
      L.zeroPadding2d({
        padding: [
          [1, 2],
          [0, 1],
        ],
      }),
      conv(),
      L.cropping2D({
        cropping: [
          [1, 1],
          [0, 2],
        ],
      }),
      L.flatten(),
      dense(2),
    ],
  },
  "repeatVector and timeDistributed": {
    input: [6],
    layers: () => [
      dense(4),
      L.repeatVector({ n: 3 }),
      L.timeDistributed({ layer: dense(3, "tanh") }),
      L.flatten(),
      dense(2),
    ],
  },
  permute: { input: [4, 5], layers: () => [L.permute({ dims: [2, 1] }), dense(3), L.flatten(), dense(2)] },
  reshape: {
    input: [12],
    layers: () => [dense(12), L.reshape({ targetShape: [2, 2, 3] }), conv({ kernelSize: 2 }), L.flatten(), dense(2)],
  },
  simpleRNN: recurrent((args) => L.simpleRNN(args as never)),
  gru: recurrent((args) => L.gru(args as never)),
  "gru reset after": recurrent((args) => L.gru({ ...args, resetAfter: false } as never)),
  lstm: recurrent((args) => L.lstm(args as never)),
  "lstm, sequences": recurrent((args) => L.lstm(args as never), { returnSequences: true }),
  "lstm backwards, unrolled": recurrent((args) => L.lstm(args as never), { goBackwards: true, unroll: true } as object),
  "bidirectional lstm": recurrent((args) =>
    L.bidirectional({ layer: L.lstm(args as never) as never, mergeMode: "concat" }),
  ),
  convLSTM2d: {
    input: [3, 5, 5, 2],
    layers: () => [
      L.convLstm2d({
        filters: 2,
        kernelSize: 3,
        padding: "same",
        kernelInitializer: init(),
        recurrentInitializer: init(5),
      }),
      L.flatten(),
      dense(2),
    ],
  },
  embedding: {
    input: [6],
    tokens: 11,
    layers: () => [L.embedding({ inputDim: 11, outputDim: 4, embeddingsInitializer: init() }), L.flatten(), dense(2)],
  },
  "embedding with mask, lstm": {
    input: [6],
    tokens: 5,
    layers: () => [
      L.embedding({ inputDim: 5, outputDim: 4, maskZero: true, embeddingsInitializer: init() }),
      L.lstm({ units: 3, kernelInitializer: init(), recurrentInitializer: init(5) }),
      dense(2),
    ],
  },
  masking: {
    input: [5, 3],
    layers: () => [
      L.masking({ maskValue: 0 }),
      L.gru({ units: 3, kernelInitializer: init(), recurrentInitializer: init(5) }),
      dense(2),
    ],
  },
  "merge add": merged(() => L.add()),
  "merge multiply": merged(() => L.multiply()),
  "merge average": merged(() => L.average()),
  "merge maximum": merged(() => L.maximum()),
  "merge minimum": merged(() => L.minimum()),
  "merge concatenate": merged(() => L.concatenate()),
  "merge dot": merged(() => L.dot({ axes: 1 })),
  "regularized and constrained": {
    input: [6],
    layers: () => [
      L.dense({ units: 5, kernelInitializer: init(), kernelRegularizer: "l1l2", kernelConstraint: "maxNorm" }),
      dense(2),
    ],
  },
};

/** Trains for three epochs of two batches and returns the losses. */
export async function fit(setup: Setup, patch?: (model: tfl.LayersModel) => void): Promise<number[]> {
  const random = randomNumbers(17);
  const model = setup.model?.() ?? sequential(setup);
  patch?.(model);
  const optimizer = setup.optimizer?.() ?? tf.train.sgd(0.05);
  model.compile({ optimizer, loss: setup.loss ?? "meanSquaredError" });
  const shape = [6, ...setup.input];
  const size = tf.util.sizeFromShape(shape);
  const values = random(size);
  const x = setup.tokens
    ? tf.tensor(
        values.map((v) => Math.abs(Math.round(v * 7)) % (setup.tokens as number)),
        shape,
      )
    : tf.tensor(values, shape);
  const units = (model.outputs[0]?.shape.at(-1) as number) ?? 1;
  const y = targets(setup.targets, units, random);
  const { history } = await model.fit(x, y, { epochs: 3, batchSize: setup.batchSize ?? 3, shuffle: false, verbose: 0 });
  tf.dispose([x, y]);
  model.dispose();
  optimizer.dispose();
  return history.loss as number[];
}

function sequential(setup: Setup): tfl.LayersModel {
  const model = tfl.sequential();
  const input = tfl.input({ shape: [...setup.input] });
  let x = input;
  for (const layer of setup.layers()) x = layer.apply(x) as tfl.SymbolicTensor;
  return model.layers.length > 0 ? model : tfl.model({ inputs: input, outputs: x });
}

function targets(kind: Setup["targets"], units: number, random: (size: number) => Float32Array): tf.Tensor {
  const numbers = tf.tensor2d(random(6 * units), [6, units]);
  if (kind === "classes") {
    numbers.dispose();
    return tf.tensor2d(
      [0, 1, 2, 1, 0, 2].map((c) => c % units),
      [6, 1],
    );
  }
  const y = tf.tidy(() =>
    kind === "probabilities"
      ? tf.softmax(numbers)
      : kind === "signs"
        ? tf.sign(numbers)
        : kind === "positive"
          ? tf.add(tf.abs(numbers), 0.1)
          : tf.clone(numbers),
  );
  numbers.dispose();
  return y;
}

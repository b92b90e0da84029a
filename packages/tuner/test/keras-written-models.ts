import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

const { layers: L } = tfl;

/** Models that are written for Keras, each with its inputs. All numbers follow from positions. */
export function modelsForKeras(): Readonly<Record<string, { model: tfl.LayersModel; inputs: tf.Tensor[] }>> {
  const made = { images: images(), series: series(), words: words(), twoInputs: twoInputs(), nested: nested() };
  for (const { model } of Object.values(made)) fill(model);
  return made;
}

/** Zeros, because the orthogonal initializer is slow and every weight is set afterwards. */
const quick = { kernelInitializer: "zeros", recurrentInitializer: "zeros", recurrentActivation: "sigmoid" } as const;

function images(): { model: tfl.LayersModel; inputs: tf.Tensor[] } {
  const model = tfl.sequential({
    name: "images",
    layers: [
      L.rescaling({ scale: 0.5, offset: -0.1, inputShape: [9, 9, 2] }),
      L.zeroPadding2d({
        padding: [
          [1, 0],
          [0, 1],
        ] as never,
      }),
      L.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: "same", activation: "relu6", useBias: false }),
      L.batchNormalization({ epsilon: 0.01 }),
      L.leakyReLU({ alpha: 0.2 }),
      L.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: "same" }),
      L.maxPooling2d({ poolSize: 2, strides: 1, padding: "same" }),
      L.separableConv2d({ filters: 3, kernelSize: 2, activation: "swish" }),
      L.upSampling2d({ size: [2, 2] }),
      L.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding: "same", activation: "elu" }),
      L.averagePooling2d({ poolSize: [3, 3] }),
      L.cropping2D({
        cropping: [
          [0, 1],
          [1, 0],
        ],
      }),
      L.prelu({}),
      L.dropout({ rate: 0.3 }),
      L.globalAveragePooling2d({}),
      L.dense({ units: 3, activation: "softmax", kernelRegularizer: tfl.regularizers.l2({ l2: 0.01 }) as never }),
    ],
  });
  return { model, inputs: [values([2, 9, 9, 2], 1)] };
}

function series(): { model: tfl.LayersModel; inputs: tf.Tensor[] } {
  const x = tfl.input({ shape: [6, 3], name: "steps" });
  let y = L.conv1d({ filters: 4, kernelSize: 2, padding: "same", dilationRate: 2 }).apply(x);
  y = L.layerNormalization({ epsilon: 0.001 }).apply(y);
  y = L.lstm({ units: 3, returnSequences: true, ...quick }).apply(y);
  y = L.bidirectional({
    layer: L.gru({ units: 2, returnSequences: true, ...quick }) as never,
    mergeMode: "concat",
  }).apply(y);
  y = L.timeDistributed({ layer: L.dense({ units: 4, activation: "tanh", kernelConstraint: "maxNorm" }) }).apply(y);
  y = L.maxPooling1d({ poolSize: 2 }).apply(y);
  y = L.simpleRNN({ units: 3, goBackwards: true, kernelInitializer: "zeros", recurrentInitializer: "zeros" }).apply(y);
  const model = tfl.model({ inputs: x, outputs: L.dense({ units: 2 }).apply(y) as tfl.SymbolicTensor, name: "series" });
  return { model, inputs: [values([2, 6, 3], 2)] };
}

function words(): { model: tfl.LayersModel; inputs: tf.Tensor[] } {
  const model = tfl.sequential({
    name: "words",
    layers: [
      L.embedding({ inputDim: 7, outputDim: 4, inputLength: 5 }),
      L.globalMaxPooling1d(),
      L.repeatVector({ n: 3 }),
      L.permute({ dims: [2, 1] }),
      L.gru({ units: 3, ...quick, useBias: false }),
      L.reshape({ targetShape: [3, 1] }),
      L.flatten(),
      L.activation({ activation: "softplus" }),
      L.softmax(),
    ],
  });
  return {
    model,
    inputs: [
      tf.tensor2d(
        [
          [0, 1, 2, 6, 4],
          [3, 3, 5, 0, 1],
        ],
        undefined,
        "int32",
      ),
    ],
  };
}

function twoInputs(): { model: tfl.LayersModel; inputs: tf.Tensor[] } {
  const a = tfl.input({ shape: [4], name: "left" });
  const b = tfl.input({ shape: [4], name: "right" });
  const shared = L.dense({ units: 4, activation: "selu", name: "shared" });
  const [x, y] = [shared.apply(a), shared.apply(b)] as [tfl.SymbolicTensor, tfl.SymbolicTensor];
  const merged = [L.add(), L.multiply(), L.average(), L.maximum(), L.minimum(), L.dot({ axes: 1 })].map(
    (layer) => layer.apply([x, y]) as tfl.SymbolicTensor,
  );
  const all = L.concatenate({ axis: -1 }).apply(merged) as tfl.SymbolicTensor;
  const outputs = [L.dense({ units: 2, name: "first" }).apply(all), L.elu().apply(all)] as tfl.SymbolicTensor[];
  return { model: tfl.model({ inputs: [a, b], outputs, name: "two" }), inputs: [values([3, 4], 3), values([3, 4], 4)] };
}

function nested(): { model: tfl.LayersModel; inputs: tf.Tensor[] } {
  const inner = tfl.sequential({
    name: "inner",
    layers: [L.dense({ units: 3, inputShape: [4], activation: "mish" }), L.dense({ units: 4 })],
  });
  const x = tfl.input({ shape: [4] });
  const wrapped = tfl.model({
    ...{ inputs: x, name: "wrapped" },
    outputs: L.add().apply([x, inner.apply(inner.apply(x)) as tfl.SymbolicTensor]) as tfl.SymbolicTensor,
  });
  const z = tfl.input({ shape: [4] });
  const last = L.dense({ units: 2, trainable: false });
  const outputs = last.apply(L.reLU({ maxValue: 1 }).apply(L.add().apply([z, wrapped.apply(z) as tfl.SymbolicTensor])));
  const model = tfl.model({ inputs: z, outputs: outputs as tfl.SymbolicTensor, name: "outer" });
  return { model, inputs: [values([3, 4], 5)] };
}

function values(shape: number[], seed: number): tf.Tensor {
  const size = shape.reduce((product, side) => product * side, 1);
  return tf.tensor(
    Array.from({ length: size }, (_, i) => Math.round(1000 * Math.sin(i * 0.7 + seed)) / 1000),
    shape,
  );
}

/** Sets every weight. Variances are positive. */
function fill(model: tfl.LayersModel): void {
  model.weights.forEach((weight, i) => {
    const made = tf.mul(values(weight.shape as number[], i + 10), 0.5);
    weight.write(weight.originalName.includes("variance") ? tf.add(tf.abs(made), 0.5) : made);
  });
}

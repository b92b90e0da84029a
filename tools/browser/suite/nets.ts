import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { numbers } from "./numbers.ts";

/** A small net with fixed weights and one fixed batch, with the same numbers on every backend. */
export interface Net {
  readonly name: string;
  readonly model: layers.LayersModel;
  loss(): tf.Scalar;
  dispose(): void;
}

const CLASSES = 4;
const BATCH = 6;

/** Makes an image net: convolution, batch norm, depthwise convolution, batch norm, pooling, dense. */
export function convNet(batch: number = BATCH): Net {
  const bn = (): layers.layers.Layer => layers.layers.batchNormalization({ momentum: 0.9 });
  const model = layers.sequential({
    layers: [
      layers.layers.conv2d({ inputShape: [10, 10, 3], filters: 6, kernelSize: 3, useBias: false, name: "conv" }),
      bn(),
      layers.layers.reLU(),
      layers.layers.depthwiseConv2d({ kernelSize: 3, strides: 2, padding: "same", useBias: false, name: "depthwise" }),
      bn(),
      layers.layers.reLU({ maxValue: 6 }),
      layers.layers.conv2d({ filters: 8, kernelSize: 1, name: "pointwise" }),
      layers.layers.maxPooling2d({ poolSize: 2 }),
      layers.layers.globalAveragePooling2d({}),
      layers.layers.dense({ units: CLASSES, name: "head" }),
    ],
  });
  return net(
    "conv net",
    model,
    tf.tensor(numbers({ kind: "any", shape: [batch, 10, 10, 3] }, 7), [batch, 10, 10, 3]),
    batch,
  );
}

/** Makes a net of conv + pool + dense. It needs few shaders, and every batch size compiles its own. */
export function plainNet(batch: number = BATCH): Net {
  const model = layers.sequential({
    layers: [
      layers.layers.conv2d({ inputShape: [10, 10, 3], filters: 6, kernelSize: 3, activation: "relu", name: "conv" }),
      layers.layers.globalAveragePooling2d({}),
      layers.layers.dense({ units: CLASSES, name: "head" }),
    ],
  });
  const shape = [batch, 10, 10, 3];
  return net("plain net", model, tf.tensor(numbers({ kind: "any", shape }, 7), shape), batch);
}

/** Makes a net with an embedding and a recurrent cell. */
export function recurrentNet(): Net {
  const model = layers.sequential({
    layers: [
      layers.layers.embedding({ inputDim: 11, outputDim: 6, inputLength: 3, name: "embedding" }),
      // The weights are set below. The default initializer calls methods that tfjs-core does not have by itself.
      layers.layers.lstm({ units: 5, recurrentInitializer: "zeros", name: "lstm" }),
      layers.layers.dense({ units: CLASSES, activation: "elu", name: "head" }),
    ],
  });
  const words = numbers({ kind: "probability", shape: [BATCH, 3] }, 8).map((x) => Math.floor(x * 11));
  return net("recurrent net", model, tf.tensor(words, [BATCH, 3]), BATCH);
}

/** Makes a net with layer norm and gated mixing of tokens: softmax, batched products, gelu-like activations. */
export function tokenNet(): Net {
  const input = layers.input({ shape: [6, 8] });
  const normed = layers.layers.layerNormalization({ name: "norm" }).apply(input);
  const gate = layers.layers.dense({ units: 6, activation: "softmax", name: "gate" }).apply(normed);
  const mixed = layers.layers
    .dot({ axes: [1, 1] })
    .apply([gate as layers.SymbolicTensor, normed as layers.SymbolicTensor]);
  const hidden = layers.layers.dense({ units: 12, activation: "swish", name: "hidden" }).apply(mixed);
  const pooled = layers.layers.globalAveragePooling1d({}).apply(hidden);
  const out = layers.layers.dense({ units: CLASSES, name: "head" }).apply(pooled);
  const model = layers.model({ inputs: input, outputs: out as layers.SymbolicTensor });
  return net("token net", model, tf.tensor(numbers({ kind: "any", shape: [BATCH, 6, 8] }, 9), [BATCH, 6, 8]), BATCH);
}

export const nets: readonly (() => Net)[] = [convNet, recurrentNet, tokenNet];

function net(name: string, model: layers.LayersModel, x: tf.Tensor, batch: number): Net {
  const weights = model.weights.map((weight, i) => {
    const shape = weight.shape as number[];
    if (weight.name.includes("moving_variance")) return tf.tensor(numbers({ kind: "positive", shape }, i), shape);
    // Gains near 1 and small other weights, like a trained net that is neither dead nor saturated.
    const gain = weight.name.includes("gamma");
    const values = numbers({ kind: "any", shape }, i).map((value) => (gain ? 1 + value / 10 : value / 4));
    return tf.tensor(values, shape);
  });
  model.setWeights(weights);
  tf.dispose(weights);
  const labels = tf.tidy(() =>
    tf.cast(
      tf.oneHot(
        tf.tensor1d(
          Array.from({ length: batch }, (_, i) => i % CLASSES),
          "int32",
        ),
        CLASSES,
      ),
      "float32",
    ),
  );
  return {
    name,
    model,
    loss: () => tf.losses.softmaxCrossEntropy(labels, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar,
    dispose(): void {
      model.dispose();
      tf.dispose([x, labels]);
    },
  };
}

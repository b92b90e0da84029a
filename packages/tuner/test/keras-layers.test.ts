import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { registerKerasLayers } from "../src/models/keras/layers/register.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
  registerKerasLayers();
});

/** Layers that tfjs-layers lacks, with options and the shape of one example. */
const CASES: readonly [className: string, options: object, shape: number[]][] = [
  ["KerasReLU", { maxValue: 0.7, negativeSlope: 0.1, threshold: 0.2 }, [9]],
  ["KerasELU", { alpha: 0.5 }, [9]],
  ["KerasSoftmax", { axis: 1 }, [4, 3]],
  ["KerasUnitNormalization", { axis: 1 }, [4, 3]],
  ["KerasGlobalPooling", { function: "mean", keepdims: true }, [3, 3, 2]],
  ["KerasGlobalPooling", { function: "max", keepdims: true, dataFormat: "channelsFirst" }, [2, 3, 3]],
  ["KerasLength", { before: 1, after: -2, repeat: 2 }, [4, 2]],
  ["KerasResize", { factors: [3, 2], interpolation: "bilinear" }, [3, 4, 2]],
  ["KerasResize", { height: 3, width: 7, interpolation: "bilinear" }, [5, 4, 2]],
  ["KerasResize", { height: 3, width: 7, interpolation: "nearest", crop: true }, [5, 4, 2]],
  ["KerasResize", { factors: [2, 2], interpolation: "bilinear", dataFormat: "channelsFirst" }, [2, 3, 3]],
  ["KerasNormalization", { axis: [-1], mean: [0.1, 0.2], variance: [0.5, 2] }, [3, 2]],
  ["KerasLayerScale", { initValues: 0.3, projectionDim: 2 }, [3, 2]],
  ["KerasOperation", { operation: "subtract", operands: [2, null] }, [3]],
  ["KerasConv1D", { filters: 4, kernelSize: 2, groups: 2, padding: "causal" }, [5, 4]],
  ["KerasConv1D", { filters: 4, kernelSize: 3, strides: 2, padding: "causal", activation: "tanh" }, [6, 2]],
  ["KerasConv2D", { filters: 4, kernelSize: 2, groups: 2, strides: 2, padding: "same" }, [5, 4, 4]],
  ["KerasConv2D", { filters: 2, kernelSize: 2, groups: 2, dataFormat: "channelsFirst" }, [2, 4, 3]],
  ["KerasConv2DTranspose", { filters: 2, kernelSize: 3, strides: 2, padding: "same", outputPadding: 0 }, [3, 4, 2]],
  ["KerasConv2DTranspose", { filters: 2, kernelSize: 3, strides: 2, outputPadding: 1 }, [3, 4, 2]],
];

describe("the layers of Keras that tfjs-layers lacks", () => {
  it.each(CASES)("%s %o: shape and gradient", (className, options, shape) => {
    const layer = made(className, options);
    const symbolic = layer.apply(layers.input({ shape })) as layers.SymbolicTensor;
    layer.setWeights(layer.getWeights().map(({ shape: s }, i) => tf.randomUniform(s, -1, 1, "float32", 7 + i)));
    const random = tf.randomUniform([2, ...shape], -1, 1, "float32", 3);
    // At least 0.05 away from the points at which an activation has a corner.
    const x = className === "KerasReLU" ? tf.add(tf.div(tf.round(tf.mul(random, 10)), 10), 0.05) : random;
    const y = layer.apply(x) as tf.Tensor;
    expect(y.shape.slice(1)).toEqual(symbolic.shape.slice(1));
    const weights = tf.randomUniform(y.shape, -1, 1, "float32", 5);
    const loss = (input: tf.Tensor): tf.Scalar => tf.sum(tf.mul(layer.apply(input) as tf.Tensor, weights)) as tf.Scalar;
    const gradient = tf.grad(loss)(x).dataSync();
    const expected = central((values) => loss(tf.tensor(values, x.shape)).dataSync()[0] as number, x.dataSync());
    expected.forEach((value, i) => {
      expect(Math.abs((gradient[i] as number) - value)).toBeLessThan(5e-3 * Math.max(1, Math.abs(value)));
    });
  });

  it("GlobalAveragePooling1D behind a mask: gradient", () => {
    const layer = made("KerasGlobalPooling", { function: "mean" });
    const mask = tf.tensor2d([1, 1, 0, 0, 1, 1], [2, 3], "bool");
    const x = tf.randomUniform([2, 3, 2], -1, 1, "float32", 3);
    const gradient = tf.grad((input) => tf.sum(layer.apply(input, { mask }) as tf.Tensor))(x);
    expect(gradient.arraySync()).toEqual([
      [
        [0.5, 0.5],
        [0.5, 0.5],
        [0, 0],
      ],
      [
        [0, 0],
        [0.5, 0.5],
        [0.5, 0.5],
      ],
    ]);
  });

  it.each([
    "KerasHardSigmoid",
    "KerasHardSilu",
    "KerasSoftShrink",
    "KerasSquareplus",
    "KerasSparsePlus",
    "KerasHardShrink",
    "KerasCelu",
  ])("the activation %s has the gradient of its values", (name) => {
    const activation = name.charAt(0).toLowerCase() + name.slice(1);
    const layer = layers.layers.activation({ activation: activation as "elu" });
    const x = tf.tensor1d([-3.3, -1.4, -0.7, -0.2, 0.3, 0.8, 1.7, 3.4]);
    const loss = (input: tf.Tensor): tf.Scalar => tf.sum(layer.apply(input) as tf.Tensor) as tf.Scalar;
    const gradient = tf.grad(loss)(x).dataSync();
    const expected = central((values) => loss(tf.tensor(values, x.shape)).dataSync()[0] as number, x.dataSync());
    expected.forEach((value, i) => {
      expect(gradient[i]).toBeCloseTo(value, 2);
    });
  });

  it("drops whole feature maps in training and none in inference", () => {
    const layer = made("KerasSpatialDropout", { rate: 0.5, seed: 3, shared: [1, 2] });
    const x = tf.ones([4, 3, 3, 8]);
    expect((layer.apply(x) as tf.Tensor).dataSync()).toEqual(x.dataSync());
    const maps = tf.unstack(tf.reshape(layer.apply(x, { training: true }) as tf.Tensor, [4, 9, 8]), 1);
    const [first, ...others] = maps.map((map) => [...map.dataSync()]);
    for (const other of others) expect(other).toEqual(first);
    expect(new Set(first)).toEqual(new Set([0, 2]));
  });
});

function made(className: string, options: object): layers.layers.Layer {
  const [type, fromConfig] = tf.serialization.SerializationMap.getMap().classNameMap[className] as never as [
    new (args: object) => layers.layers.Layer,
    (cls: unknown, config: object) => layers.layers.Layer,
  ];
  return fromConfig(type, { ...options });
}

/** Computes the gradient by central differences. */
function central(f: (values: Float32Array) => number, at: ArrayLike<number>): number[] {
  const h = 1e-2;
  return Array.from(at, (value, i) => {
    const moved = (by: number): number => f(Float32Array.from(at, (v, j) => (j === i ? value + by : v)));
    return (moved(h) - moved(-h)) / (2 * h);
  });
}

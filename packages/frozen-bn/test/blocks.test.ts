import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import { frozenBatchNorm } from "../src/index.ts";
import { data } from "./nets.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

type Blocks = "exact" | "folded" | "off";

const init = (seed: number) => tfl.initializers.randomNormal({ stddev: 0.4, seed });

function batchNorm(name: string, seed: number, args: object = {}): tfl.layers.Layer {
  return tfl.layers.batchNormalization({
    name,
    movingMeanInitializer: init(seed),
    movingVarianceInitializer: tfl.initializers.randomUniform({ minval: 0.5, maxval: 2, seed }),
    gammaInitializer: tfl.initializers.randomUniform({ minval: -2, maxval: 2, seed: seed + 1 }),
    betaInitializer: init(seed + 2),
    ...args,
  });
}

/** Makes a net with every kind of block: with and without bias, strided, padded, depthwise, residual, transposed, dense. */
function netOfAllBlocks(): tfl.LayersModel {
  const apply = (layer: tfl.layers.Layer, x: tfl.SymbolicTensor | tfl.SymbolicTensor[]): tfl.SymbolicTensor =>
    layer.apply(x) as tfl.SymbolicTensor;
  const input = tfl.input({ shape: [6, 6, 3] });
  const chain = (x: tfl.SymbolicTensor, ...layers: tfl.layers.Layer[]): tfl.SymbolicTensor =>
    layers.reduce((value, layer) => apply(layer, value), x);
  const a = chain(
    input,
    tfl.layers.conv2d({
      filters: 4,
      kernelSize: 3,
      padding: "same",
      name: "c1",
      kernelInitializer: init(1),
      biasInitializer: init(2),
    }),
    batchNorm("n1", 10),
    tfl.layers.reLU({ maxValue: 6, name: "r1" }),
    tfl.layers.zeroPadding2d({
      padding: [
        [0, 1],
        [0, 1],
      ],
      name: "pad",
    } as never),
    tfl.layers.depthwiseConv2d({
      kernelSize: 3,
      strides: 2,
      depthMultiplier: 2,
      useBias: false,
      name: "c2",
      depthwiseInitializer: init(3),
    }),
    batchNorm("n2", 20),
    tfl.layers.activation({ activation: "relu", name: "r2" }),
    tfl.layers.conv2d({ filters: 4, kernelSize: 1, useBias: false, name: "c3", kernelInitializer: init(4) }),
    batchNorm("n3", 30),
  );
  const b = chain(
    a,
    tfl.layers.conv2d({
      filters: 4,
      kernelSize: 3,
      padding: "same",
      activation: "relu",
      name: "c4",
      kernelInitializer: init(5),
      biasInitializer: init(6),
    }),
    batchNorm("n4", 40, { scale: false }),
  );
  const sum = chain(apply(tfl.layers.add({ name: "sum" }), [a, b]), tfl.layers.reLU({ name: "r4" }));
  const c = chain(
    sum,
    tfl.layers.conv2dTranspose({
      filters: 3,
      kernelSize: 3,
      strides: 2,
      padding: "same",
      name: "c5",
      kernelInitializer: init(7),
      biasInitializer: init(8),
    }),
    batchNorm("n5", 50, { center: false }),
    tfl.layers.reLU({ name: "r5" }),
    tfl.layers.globalAveragePooling2d({ name: "pool" } as never),
    tfl.layers.dense({ units: 5, name: "d6", kernelInitializer: init(9), biasInitializer: init(11) }),
    batchNorm("n6", 60),
    tfl.layers.reLU({ name: "r6" }),
    tfl.layers.dense({ units: 2, activation: "softmax", name: "head", kernelInitializer: init(12) }),
  );
  return tfl.model({ inputs: input, outputs: c });
}

/**
 * Computes the loss and the gradients of the weights whose name ends with one of `roles`, by weight name. If `blocks` is
 * undefined, it uses the stock layers in inference mode.
 */
function gradients(
  roles: readonly string[],
  blocks: Blocks | undefined,
): { values: Record<string, number[]>; kept: number } {
  const model = netOfAllBlocks();
  for (const layer of model.layers) {
    for (const weight of layer.weights as { originalName: string; trainable: boolean }[]) {
      weight.trainable = roles.some((role) => weight.originalName.endsWith(role));
    }
  }
  const handle = blocks && frozenBatchNorm({ blocks }).apply(model);
  const { x, y } = data(4);
  const variables = model.weights.map((weight) => weight.read() as tf.Variable).filter((v) => v.trainable);
  const names = new Map(model.weights.map((weight) => [(weight.read() as tf.Variable).name, weight.originalName]));
  let kept = 0;
  const { value, grads } = tf.variableGrads(() => {
    const before = tf.memory().numBytes;
    const out = model.apply(x, { training: blocks !== undefined }) as tf.Tensor;
    kept = tf.memory().numBytes - before;
    return tf.neg(tf.mean(tf.log(tf.sum(tf.mul(out, y), 1)))) as tf.Scalar;
  }, variables);
  const values = Object.fromEntries(
    Object.entries({ ...grads, loss: value }).map(([name, t]) => [names.get(name) ?? name, [...t.dataSync()]]),
  );
  tf.dispose([x, y, value, grads]);
  handle?.restore();
  model.dispose();
  return { values, kept };
}

function worst(got: Record<string, number[]>, expected: Record<string, number[]>): number {
  expect(Object.keys(got).sort()).toEqual(Object.keys(expected).sort());
  const errors = Object.entries(expected).map(([name, values]) => {
    const size = Math.max(...values.map(Math.abs), 1e-3);
    return Math.max(...values.map((v, i) => Math.abs(v - (got[name]?.[i] as number)))) / size;
  });
  return Math.max(...errors);
}

describe("gradients of blocks equal those of the stock layers in inference", () => {
  // Stock tfjs has no gradient with scale: false or center: false. So the reference is the patch with separate layers ("off").
  const tuned: readonly (readonly string[])[] = [
    ["gamma", "beta"],
    ["beta", "bias"],
    ["bias"],
    ["gamma"],
    ["c3/kernel"],
    ["c1/kernel", "c2/depthwise_kernel", "head/kernel"],
    ["kernel"],
    ["kernel", "beta", "bias"],
    ["kernel", "gamma", "beta", "bias"],
  ];
  for (const roles of tuned) {
    it(roles.join(", "), () => {
      const plain = gradients(roles, "off");
      for (const blocks of ["exact", "folded"] as const) {
        const { values } = gradients(roles, blocks);
        expect(worst(values, plain.values)).toBeLessThan(1e-5);
        if (blocks === "exact") expect(values.loss).toEqual(plain.values.loss);
      }
    });
  }
});

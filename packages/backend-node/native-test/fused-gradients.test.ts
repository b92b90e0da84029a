import { adam, adamw, type BackendSession, HookedOptimizer, namedParams, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nativeBackend, nativeLayers } from "../src/index.ts";
import type { NativeKernelBackend } from "../src/load/native-backend-types.ts";
import { fuseKernels } from "../src/training-kernels.ts";

/** Peers: stock tfjs-node, our own kernels, and TensorFlow's fused operations, which a binding without our kernels uses. */
type Way = "stock" | "own" | "tensorflow";

let session: BackendSession;
beforeAll(async () => {
  session = await nativeBackend({ fused: false }).init();
});
afterAll(() => session.dispose());

function under<T>(way: Way, run: () => T): T {
  if (way === "stock") return run();
  const backend = tf.backend() as NativeKernelBackend;
  const { binding } = backend;
  const without = Object.fromEntries(
    Object.getOwnPropertyNames(binding)
      .filter((name) => name !== "graftKernels")
      .map((name) => [name, binding[name as keyof typeof binding]]),
  );
  const fusion = fuseKernels(
    way === "own"
      ? backend
      : (new Proxy(backend, {
          get: (target, key) => (key === "binding" ? without : Reflect.get(target, key)),
        }) as NativeKernelBackend),
  );
  try {
    return run();
  } finally {
    fusion.dispose();
  }
}

const values = (tensors: readonly tf.Tensor[]): number[][] => tensors.map((tensor) => Array.from(tensor.dataSync()));

/** Returns the largest difference divided by the largest value of the reference. */
function distance(ours: readonly number[][], reference: readonly number[][]): number {
  let worst = 0;
  reference.forEach((expected, i) => {
    const found = ours[i] as number[];
    expect(found.length).toBe(expected.length);
    const size = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
    expected.forEach((value, j) => {
      const same = Number.isNaN(value) && Number.isNaN(found[j]);
      worst = Math.max(worst, same ? 0 : Math.abs(value - (found[j] as number)) / size);
    });
  });
  if (process.env.SHOW) console.log(expect.getState().currentTestName, worst);
  return worst;
}

const image = (shape: readonly number[], seed: number): tf.Tensor4D =>
  tf.randomNormal([...shape] as [number, number, number, number], 0.3, 2, "float32", seed) as tf.Tensor4D;

/** Cases: inputs, and a function whose value and gradients are compared. */
const CASES: Readonly<Record<string, { inputs: () => tf.Tensor[]; f: (...inputs: tf.Tensor[]) => tf.Tensor }>> = {
  relu: { inputs: () => [image([3, 5, 7, 4], 1)], f: (x) => tf.relu(x as tf.Tensor) },
  "relu6 with values at 0 and 6": {
    inputs: () => [tf.tensor1d([-1, -0, 0, 1e-30, 3, 5.9999995, 6, 6.0000005, 7])],
    f: (x) => tf.relu6(x as tf.Tensor),
  },
  "clip with values at the bounds": {
    inputs: () => [tf.tensor1d([-2, -1, -0.5, 0, 2, 3])],
    f: (x) => tf.clipByValue(x as tf.Tensor, -1, 2),
  },
  mean: { inputs: () => [image([3, 5, 7, 4], 2)], f: (x) => tf.mean(x as tf.Tensor, [1, 2]) },
  "mean of all, kept": { inputs: () => [image([3, 5, 7, 4], 2)], f: (x) => tf.mean(x as tf.Tensor, undefined, true) },
  sum: { inputs: () => [image([3, 5, 7, 4], 2)], f: (x) => tf.sum(x as tf.Tensor, [-1]) },
  ...Object.fromEntries(
    (
      [
        [2, 9, 9, 3],
        [1, 1, 1, 5],
        [4, 1, 3, 128],
        [3, 33, 31, 16],
        [2, 8, 8, 200],
        [5, 64, 64, 32],
      ] as const
    ).map((shape) => [
      `batchNorm of [${shape}]`,
      {
        inputs: () => [
          image(shape, 3),
          image([shape[3]] as never, 4),
          tf.add(tf.square(image([shape[3]] as never, 5)), 0.1),
          image([shape[3]] as never, 6),
          image([shape[3]] as never, 7),
        ],
        f: (...[x, mean, variance, offset, scale]: tf.Tensor[]) =>
          tf.batchNorm(
            x as tf.Tensor4D,
            mean as tf.Tensor1D,
            variance as tf.Tensor1D,
            offset as tf.Tensor1D,
            scale as tf.Tensor1D,
            1e-3,
          ),
      },
    ]),
  ),
  "fused conv2d with bias and relu6": {
    inputs: () => [image([2, 9, 9, 3], 8), image([3, 3, 3, 5], 9), image([5], 10)],
    f: (x, filter, bias) =>
      tf.fused.conv2d({
        x: x as tf.Tensor4D,
        filter: filter as tf.Tensor4D,
        strides: 2,
        pad: "same",
        bias: bias as tf.Tensor,
        activation: "relu6",
      }),
  },
};

describe.each(["own", "tensorflow"] as const)("%s kernels give what stock tfjs-node gives", (way) => {
  it.each(Object.entries(CASES))("%s, value and gradients", (_, { inputs, f }) => {
    const given = inputs();
    const before = tf.memory().numTensors;
    const compute = (): number[][] =>
      tf.tidy(() => {
        const y = f(...given);
        const dy = tf.randomNormal(y.shape, 0, 1, "float32", 11);
        return values([y, ...tf.grads(f)(given, dy)]);
      });
    expect(distance(under(way, compute), under("stock", compute))).toBeLessThan(2e-5);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(given);
  });

  it.each([[[2, 7, 7, 5]], [[3, 16, 16, 48]], [[40, 12]], [[5, 6, 7]], [[2, 3, 1, 1000]], [[4, 70, 70, 24]]])(
    "batch norm in training, %j: output, gradients, moving statistics",
    (shape) => {
      const compute = (): number[][] => {
        const layer = tfl.layers.batchNormalization({ inputShape: shape.slice(1) });
        const model = tfl.sequential({ layers: [layer] });
        nativeLayers().apply(model);
        const channels = (layer.getWeights()[0] as tf.Tensor).shape;
        tf.tidy(() =>
          layer.setWeights([image(channels, 3), image(channels, 4), image(channels, 5), tf.abs(image(channels, 6))]),
        );
        const result = tf.tidy(() => {
          const x = image(shape, 1);
          const dy = image(shape, 2);
          const { grads } = tf.variableGrads(
            () => tf.sum(tf.mul(model.apply(x, { training: true }) as tf.Tensor, dy)) as tf.Scalar,
          );
          const dx = tf.grad((z: tf.Tensor) => tf.sum(tf.mul(model.apply(z, { training: true }) as tf.Tensor, dy)))(x);
          return values([
            ...Object.keys(grads)
              .sort()
              .map((name) => grads[name] as tf.Tensor),
            dx,
            ...layer.getWeights(),
          ]);
        });
        model.dispose();
        return result;
      };
      expect(distance(under(way, compute), under("stock", compute))).toBeLessThan(1e-4);
    },
  );

  it.each([
    ["sgd", () => sgd()],
    ["sgd with momentum", () => sgd({ momentum: 0.9 })],
    ["sgd with momentum, dampening and Nesterov", () => sgd({ momentum: 0.9, dampening: 0.2, nesterov: true })],
    ["sgd with the rate in the velocity", () => sgd({ momentum: 0.9, dampening: 0.1, rateInVelocity: true })],
    [
      "sgd with the rate in the velocity and Nesterov",
      () => sgd({ momentum: 0.9, nesterov: true, rateInVelocity: true }),
    ],
    ["adam", () => adam()],
    ["adamw", () => adamw({ weightDecay: 0.1 })],
  ] as const)("%s: five steps; a backup of the weights keeps its values", (_, rule) => {
    const compute = (): number[][] => {
      const model = tfl.sequential({
        layers: [tfl.layers.dense({ units: 7, inputShape: [5], activation: "tanh" }), tfl.layers.dense({ units: 1 })],
      });
      tf.tidy(() =>
        model.setWeights(model.getWeights().map((weight, i) => tf.randomNormal(weight.shape, 0, 1, "float32", i + 1))),
      );
      const optimizer = new HookedOptimizer({
        params: namedParams(model),
        learningRate: (step) => 0.1 / (step + 1),
        rule: rule(),
      });
      const variables = model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
      const backup = variables.map((variable) => tf.clone(variable));
      const saved = values(backup);
      const [x, y] = [tf.randomNormal([16, 5], 0, 1, "float32", 3), tf.randomNormal([16, 1], 0, 1, "float32", 4)];
      for (let step = 0; step < 5; step++) {
        optimizer.minimize(
          () => tf.mean(tf.square(tf.sub(model.predict(x) as tf.Tensor, y))) as tf.Scalar,
          false,
          variables,
        );
      }
      expect(values(backup)).toEqual(saved);
      const result = values(variables);
      tf.dispose([...backup, x, y]);
      optimizer.dispose();
      model.dispose();
      return result;
    };
    const before = tf.memory().numTensors;
    const ours = under(way, compute);
    expect(distance(ours, under("stock", compute))).toBeLessThan(1e-5);
    expect(tf.memory().numTensors).toBe(before);
  });

  it("second derivatives come from tfjs's composed gradients", () => {
    const compute = (): number[][] =>
      tf.tidy(() =>
        values([
          tf.grad((x: tf.Tensor) => tf.grad((z: tf.Tensor) => tf.mean(tf.square(tf.relu(z))))(x))(
            tf.tensor1d([1, -2, 3]),
          ),
        ]),
      );
    expect(under(way, compute)).toEqual(under("stock", compute));
  });

  it("a hundred steps leave no native tensors", () => {
    under(way, () => {
      const { binding } = tf.backend() as NativeKernelBackend;
      const model = tfl.sequential({
        layers: [
          tfl.layers.conv2d({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3, useBias: false }),
          tfl.layers.batchNormalization(),
          tfl.layers.reLU({ maxValue: 6 }),
          tfl.layers.flatten(),
          tfl.layers.dense({ units: 2 }),
        ],
      });
      nativeLayers().apply(model);
      const optimizer = new HookedOptimizer({
        params: namedParams(model),
        learningRate: 0.01,
        rule: sgd({ momentum: 0.9 }),
      });
      const variables = model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
      const x = image([4, 8, 8, 3], 1);
      const step = (): void =>
        void optimizer.minimize(
          () => tf.mean(tf.square(model.apply(x, { training: true }) as tf.Tensor)) as tf.Scalar,
          false,
          variables,
        );
      for (let i = 0; i < 3; i++) step();
      const [tensors, handles] = [tf.memory().numTensors, binding.getNumOfTensors()];
      for (let i = 0; i < 100; i++) step();
      expect([tf.memory().numTensors, binding.getNumOfTensors()]).toEqual([tensors, handles]);
      optimizer.dispose();
      model.dispose();
      x.dispose();
    });
  });
});

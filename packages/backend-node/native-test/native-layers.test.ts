import type { BackendSession } from "@graftjs/core";
import { frozenBatchNorm } from "@graftjs/frozen-bn";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { nativeBackend, nativeLayers } from "../src/index.ts";

let session: BackendSession;
beforeAll(async () => {
  session = await nativeBackend().init();
});
afterAll(() => session.dispose());

/** Makes a convolution, a batch norm and a ReLU up to 6, with fixed weights. */
function net(): tfl.Sequential {
  const random = (minval: number, maxval: number, seed: number) =>
    tfl.initializers.randomUniform({ minval, maxval, seed });
  return tfl.sequential({
    layers: [
      tfl.layers.conv2d({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3, kernelInitializer: random(-2, 2, 1) }),
      tfl.layers.batchNormalization({ gammaInitializer: random(1, 5, 2) }),
      tfl.layers.reLU({ maxValue: 6 }),
    ],
  });
}

const image = (seed: number): tf.Tensor4D => tf.randomNormal([5, 8, 8, 3], 0, 1, "float32", seed);

/** Takes a training pass. Returns output, gradients and all weights, and the kernels that were called. */
async function pass(
  model: tfl.Sequential,
): Promise<{ readonly values: number[][]; readonly kernels: readonly string[] }> {
  const values: number[][] = [];
  const { kernelNames } = await tf.profile(() => {
    tf.tidy(() => {
      const forward = (): tf.Tensor => model.apply(image(1), { training: true }) as tf.Tensor;
      const { value, grads } = tf.variableGrads(() => tf.mean(tf.square(forward())) as tf.Scalar);
      for (const tensor of [value, ...Object.values(grads), ...model.getWeights()]) values.push([...tensor.dataSync()]);
    });
    return tf.scalar(0);
  });
  return { values, kernels: kernelNames };
}

const difference = (a: number[][], b: number[][]): number =>
  Math.max(...a.flatMap((list, i) => list.map((value, j) => Math.abs(value - ((b[i] as number[])[j] as number)))));

it("computes a training pass by native kernels with the values of the layers, and restores the layers", async () => {
  const [plain, patched, restored] = [net(), net(), net()];
  const handle = nativeLayers().apply(patched);
  nativeLayers().apply(restored).restore();
  const [expected, found, afterwards] = [await pass(plain), await pass(patched), await pass(restored)];
  expect(found.kernels).toEqual(expect.arrayContaining(["GraftBatchNormTraining", "Relu6"]));
  expect(expected.kernels).not.toContain("GraftBatchNormTraining");
  expect(expected.kernels).not.toContain("Relu6");
  expect(difference(found.values, expected.values)).toBeLessThan(1e-4);
  expect(afterwards.kernels).toEqual(expected.kernels);
  expect(handle.summary).toBe("2 layers compute by native kernels");
});

it("computes layer norm over the last axis by one kernel with the values of the layer", async () => {
  const random = (minval: number, maxval: number, seed: number) =>
    tfl.initializers.randomUniform({ minval, maxval, seed });
  const [plain, patched, inner] = [-1, -1, 1].map((axis) =>
    tfl.sequential({
      layers: [
        tfl.layers.layerNormalization({
          ...{ inputShape: [8, 8, 3], axis, epsilon: 0.01 },
          ...{ gammaInitializer: random(1, 5, 1), betaInitializer: random(-2, 2, 2) },
        }),
      ],
    }),
  ) as [tfl.Sequential, tfl.Sequential, tfl.Sequential];
  for (const model of [patched, inner]) nativeLayers().apply(model);
  const [expected, found, other] = [await pass(plain), await pass(patched), await pass(inner)];
  expect(found.kernels).toEqual(expect.arrayContaining(["GraftLayerNorm", "GraftLayerNormGrad"]));
  for (const { kernels } of [expected, other]) expect(kernels).not.toContain("GraftLayerNorm");
  expect(difference(found.values, expected.values)).toBeLessThan(1e-4);
});

it.each(["before", "after"])("does not thaw a frozen batch norm if it is applied %s it", (order) => {
  const model = net();
  const patches = order === "before" ? [nativeLayers(), frozenBatchNorm()] : [frozenBatchNorm(), nativeLayers()];
  for (const patch of patches) patch.apply(model);
  const statistics = (): number[][] =>
    model
      .getWeights()
      .slice(-2)
      .map((weight) => [...weight.dataSync()]);
  const before = statistics();
  tf.tidy(() => void model.apply(image(2), { training: true }));
  expect(statistics()).toEqual(before);
});

it("uses the layers' own call after the session has ended, and for gradients of gradients", async () => {
  const model = net();
  nativeLayers().apply(model);
  tf.tidy(() => {
    // tfjs's gradient of relu6 cannot be differentiated, so use a batch norm without it.
    const norm = tfl.sequential({ layers: [tfl.layers.batchNormalization({ inputShape: [8, 8, 3] })] });
    nativeLayers().apply(norm);
    const loss = (x: tf.Tensor): tf.Scalar => tf.sum(tf.square(norm.apply(x, { training: true }) as tf.Tensor));
    const second = tf.grad((x) => tf.sum(tf.square(tf.grad(loss)(x))))(image(3));
    expect(second.shape).toEqual([5, 8, 8, 3]);
  });
  await session.dispose();
  const { kernels } = await pass(model);
  expect(kernels).not.toContain("GraftBatchNormTraining");
  session = await nativeBackend().init();
});

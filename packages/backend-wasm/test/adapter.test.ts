import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { describe, expect, it } from "vitest";
import * as api from "../src/index.ts";
import { randomNumbers } from "./reference.ts";

/** Returns the losses of a few epochs of a small net that uses every kernel family that stock wasm lacks. */
async function losses(backend: string): Promise<number[]> {
  await tf.setBackend(backend);
  const seed = 7;
  const initializer = (): ReturnType<typeof layers.initializers.glorotUniform> =>
    layers.initializers.glorotUniform({ seed });
  const model = layers.sequential({
    layers: [
      layers.layers.conv2d({
        inputShape: [8, 8, 3],
        filters: 6,
        kernelSize: 3,
        padding: "same",
        activation: "relu",
        kernelInitializer: initializer(),
      }),
      layers.layers.maxPooling2d({ poolSize: 2 }),
      layers.layers.depthwiseConv2d({ kernelSize: 3, depthwiseInitializer: initializer() }),
      layers.layers.flatten(),
      layers.layers.dense({ units: 2, kernelInitializer: initializer() }),
    ],
  });
  const optimizer = tf.train.sgd(0.05);
  model.compile({ optimizer, loss: "meanSquaredError" });
  const x = tf.tensor4d(randomNumbers(1)(8 * 8 * 8 * 3), [8, 8, 8, 3]);
  const y = tf.tensor2d(randomNumbers(2)(16), [8, 2]);
  const { history } = await model.fit(x, y, { epochs: 4, batchSize: 4, shuffle: false, verbose: 0 });
  tf.dispose([x, y]);
  model.dispose();
  optimizer.dispose();
  return history.loss as number[];
}

describe("wasmBackend", () => {
  it("exports exactly its public names", () => {
    expect(Object.keys(api).sort()).toEqual([
      "OutOfMemoryError",
      "batchNormTraining",
      "conv2dBiasActivation",
      "dropout",
      "fusedLayers",
      "plugins",
      "registerTrainingKernels",
      "softmaxCrossEntropy",
      "wasmBackend",
    ]);
  });

  it("keeps the current backend when it is probed, trains like cpu, and puts the stock kernels back", async () => {
    const expected = await losses("cpu");
    const adapter = api.wasmBackend();
    const probe = await adapter.availability();
    expect(tf.getBackend()).toBe("cpu");
    expect(probe).toMatchObject({ ok: true, capabilities: { missingKernels: [], floatBits: 32, syncRead: true } });

    const session = await adapter.init();
    expect(session.capabilities.missingKernels).toEqual([]);
    const actual = await losses("wasm");
    const before = tf.memory().numTensors;
    expect(actual).toEqual(await losses("wasm"));
    expect(tf.memory().numTensors - before).toBe(0);
    for (const [epoch, loss] of expected.entries()) expect(actual[epoch]).toBeCloseTo(loss, 5);

    expect(tf.getKernel("Conv2DBackpropFilter", "wasm")).toBeDefined();
    const ours = tf.getKernel("MaxPoolGrad", "wasm");
    await session.dispose();
    expect(session.capabilities.missingKernels).toEqual([]);
    expect(tf.getKernel("Conv2DBackpropFilter", "wasm")).toBeUndefined();
    expect(tf.getKernel("MaxPoolGrad", "wasm")).toBeDefined();
    expect(tf.getKernel("MaxPoolGrad", "wasm")).not.toBe(ours);
  });
});

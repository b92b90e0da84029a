import { wasmBackend } from "@graftjs/backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, expect, it } from "vitest";
import { frozenBatchNorm } from "../src/index.ts";

beforeAll(async () => {
  await wasmBackend().init();
});

/** Makes a net of two blocks of convolution, batch norm and ReLU. */
function net(trains: boolean): tfl.Sequential {
  const model = tfl.sequential({ layers: [tfl.layers.inputLayer({ inputShape: [6, 6, 3] })] });
  for (let i = 0; i < 2; i++) {
    const kernelInitializer = tfl.initializers.glorotUniform({ seed: 3 + i });
    const conv = tfl.layers.conv2d({ filters: 4, kernelSize: 3, padding: "same", kernelInitializer });
    conv.trainable = trains;
    const norm = tfl.layers.batchNormalization({
      movingVarianceInitializer: tfl.initializers.randomUniform({ minval: 0.5, maxval: 2, seed: 5 + i }),
      betaInitializer: tfl.initializers.randomNormal({ seed: 7 + i }),
    });
    norm.trainable = false;
    for (const layer of [conv, norm, tfl.layers.reLU({})]) model.add(layer);
  }
  return model;
}

/** Computes ∂/∂x Σ(∂/∂x Σ y²)², the gradient of a gradient penalty. */
function twice(model: tfl.Sequential, training: boolean): Float32Array {
  const x = tf.randomNormal([2, 6, 6, 3], 0, 1, "float32", 1);
  const slope = tf.grad((v) => tf.sum(tf.square(model.apply(v, { training }) as tf.Tensor)));
  return tf
    .grad((v) => tf.sum(tf.square(slope(v))))(x)
    .dataSync() as Float32Array;
}

for (const backend of ["cpu", "wasm"]) {
  for (const trains of [false, true]) {
    it(`on ${backend}, with kernels ${trains ? "trained" : "frozen"}: second derivatives equal those of the stock layers`, async () => {
      await tf.setBackend("cpu");
      const expected = twice(net(trains), false);
      await tf.setBackend(backend);
      for (const blocks of ["exact", "folded"] as const) {
        const model = net(trains);
        frozenBatchNorm({ blocks }).apply(model);
        const found = twice(model, true);
        const size = Math.max(...expected.map(Math.abs));
        expect(size).toBeGreaterThan(1);
        expect(Math.max(...expected.map((value, i) => Math.abs(value - (found[i] as number)))) / size).toBeLessThan(
          1e-5,
        );
      }
    });
  }
}

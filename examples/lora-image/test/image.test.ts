import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, expect, it } from "vitest";
import { folded } from "../fold.ts";
import { METHODS, type Pictures, tune } from "../methods.ts";
import { table } from "../table.ts";

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend("cpu");
});

/** Makes a small model with the layer names of MobileNetV2 and a new head. */
function net(): tfl.LayersModel {
  const conv = (name: string): tfl.layers.Layer[] => [
    tfl.layers.conv2d({
      ...{ filters: 4, kernelSize: 1, useBias: false, name },
      kernelInitializer: tfl.initializers.glorotUniform({ seed: name.length }),
    }),
    tfl.layers.batchNormalization({
      name: `${name}_BN`,
      betaInitializer: tfl.initializers.constant({ value: 0.3 }),
      movingMeanInitializer: tfl.initializers.constant({ value: 0.2 }),
      movingVarianceInitializer: tfl.initializers.constant({ value: 2 }),
    }),
  ];
  const layers = [
    ...conv("Conv1"),
    ...conv("block_15_expand"),
    tfl.layers.depthwiseConv2d({ kernelSize: 3, useBias: false, name: "block_16_depthwise" }),
    ...conv("Conv_1"),
    tfl.layers.globalAveragePooling2d({ name: "pool" }),
    tfl.layers.dense({ units: 2, activation: "softmax", name: "head" }),
  ];
  const inputs = tfl.input({ shape: [4, 4, 3] });
  const outputs = layers.reduce((x, layer) => layer.apply(x) as tfl.SymbolicTensor, inputs);
  return tfl.model({ inputs, outputs });
}

/** Two classes: pictures that are brighter than 0 on average, and others. */
function pictures(seed: number): Pictures {
  const labels = tf.tensor1d([0, 1, 0, 1, 0, 1, 0, 1], "int32");
  const bias = tf.reshape(tf.sub(tf.mul(labels, 2), 1), [8, 1, 1, 1]);
  return { xs: tf.add(tf.randomNormal([8, 4, 4, 3], 0, 0.1, "float32", seed), bias), ys: tf.oneHot(labels, 2) };
}

it.each(Object.keys(METHODS))("%s trains and saves its parameters", async (method) => {
  const data = { train: pictures(1), test: pictures(2), shifted: pictures(3) };
  const base = net();
  const model = METHODS[method]?.().folds ? await folded(base) : base;
  const [before, same] = [base, model].map((one) => (one.predict(data.test.xs) as tf.Tensor).dataSync());
  expect([...(same as Float32Array)]).toEqual([...(before as Float32Array)].map((value) => expect.closeTo(value, 5)));
  const row = await tune(model, method, data, 2);
  const counts: Record<string, number> = {
    "head only": 10,
    "BN affine": 10 + 3 * 8,
    // Per convolution 3 · 4 or 4 · 4 values of a, and 4 · 4 of b.
    "LoRA, rank 4": 10 + 28 + 32 + 32,
    SSF: 10 + 3 * 8,
    "last blocks": 10 + 16 + 8 + 36 + 16 + 8,
    full: 10 + 12 + 8 + 16 + 8 + 36 + 16 + 8,
  };
  expect(row.trained).toBe(counts[method]);
  expect(row.fileBytes).toBeGreaterThan(4 * row.trained);
  expect(row.accuracy).toBeLessThanOrEqual(1);
  expect(table([row])).toContain(`| ${method} |`);
});

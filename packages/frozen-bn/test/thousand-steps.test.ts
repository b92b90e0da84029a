import { wasmBackend } from "@graftjs/backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, expect, it } from "vitest";
import { assertStatisticsUnmoved, frozenBatchNorm, readStatistics } from "../src/index.ts";

beforeAll(async () => {
  await wasmBackend().init();
});

/** Makes a net with two batch norm layers between layers that train. */
function net(): tfl.Sequential {
  const norm = (name: string): tfl.layers.Layer =>
    tfl.layers.batchNormalization({
      name,
      movingMeanInitializer: tfl.initializers.randomNormal({ seed: 3 }),
      movingVarianceInitializer: tfl.initializers.randomUniform({ minval: 0.5, maxval: 2, seed: 4 }),
    });
  const seeded = { kernelInitializer: tfl.initializers.glorotNormal({ seed: 5 }) };
  return tfl.sequential({
    layers: [
      tfl.layers.conv2d({ inputShape: [3, 3, 1], filters: 2, kernelSize: 2, ...seeded }),
      norm("a"),
      tfl.layers.reLU(),
      tfl.layers.flatten(),
      tfl.layers.dense({ units: 3, ...seeded }),
      norm("b"),
      tfl.layers.dense({ units: 1, ...seeded }),
    ],
  });
}

for (const backend of ["cpu", "wasm"]) {
  it(`no statistic changes in 1,000 steps on ${backend}; in stock tfjs all change, even if frozen`, async () => {
    await tf.setBackend(backend);
    const x = tf.randomNormal([4, 3, 3, 1], 0, 1, "float32", 1);
    const y = tf.randomNormal([4, 1], 0, 1, "float32", 2);
    for (const patched of [true, false]) {
      const model = net();
      for (const name of ["a", "b"]) model.getLayer(name).trainable = false;
      if (patched) frozenBatchNorm().apply(model);
      const before = await readStatistics(model);
      model.compile({ optimizer: tf.train.sgd(0.01), loss: "meanSquaredError" });
      for (let step = 0; step < (patched ? 1000 : 1); step++) await model.trainOnBatch(x, y);
      if (patched) await assertStatisticsUnmoved(model, before);
      else await expect(assertStatisticsUnmoved(model, before)).rejects.toThrow(/4 of 4/);
      model.dispose();
    }
    tf.dispose([x, y]);
  });
}

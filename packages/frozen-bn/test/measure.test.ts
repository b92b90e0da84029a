import { NonFiniteError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, expect, it } from "vitest";
import {
  assertStatisticsUnmoved,
  domainReport,
  formatDomainReport,
  readStatistics,
  recalibrate,
} from "../src/index.ts";
import { bits, convNet, data, moved } from "./nets.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const STATISTICS = ["bn_a/moving_mean", "bn_a/moving_variance", "bn_b/moving_mean", "bn_b/moving_variance"];

/** Makes a model of one batch norm. Its measurements can be computed by hand. */
function single(): tfl.Sequential {
  return tfl.sequential({ layers: [tfl.layers.batchNormalization({ name: "bn", inputShape: [2] })] });
}

it("recalibrates to the statistics of all examples, for any batch size and for uneven batches", async () => {
  const values = [
    [1, 10],
    [2, 20],
    [6, -30],
    [7, 40],
    [-4, 50],
  ];
  for (const batchSize of [1, 2, 5]) {
    const model = single();
    const x = tf.tensor2d(values);
    expect(await recalibrate(model, x, { batchSize })).toEqual({ batches: Math.ceil(5 / batchSize), layers: ["bn"] });
    const { "bn/moving_mean": mean, "bn/moving_variance": variance } = await readStatistics(model);
    expect([...(mean ?? [])]).toEqual([Math.fround(2.4), 18]);
    // Σ(x − x̄)²/5
    expect(variance?.[0]).toBeCloseTo(15.44, 5);
    expect(variance?.[1]).toBeCloseTo(776, 3);
    x.dispose();
    model.dispose();
  }
});

it("changes only the statistics, accepts datasets and iterables, and leaves no tensor", async () => {
  const model = convNet();
  const before = bits(model);
  const { x, y } = data();
  const tensors = tf.memory().numTensors;
  async function* stream(): AsyncGenerator<{ xs: tf.Tensor; ys: tf.Tensor }> {
    for (let i = 0; i < 3; i++) yield { xs: tf.clone(x), ys: tf.clone(y) };
  }
  expect((await recalibrate(model, stream(), { batches: 2 })).batches).toBe(2);
  expect((await recalibrate(model, [x])).batches).toBe(1);
  expect(tf.memory().numTensors - tensors).toBe(0);
  expect(moved(before, bits(model))).toEqual(STATISTICS);
  expect(model.layers.filter((layer) => Object.hasOwn(layer, "call"))).toEqual([]);
  // One batch holds all the data. So the statistics are those that training mode uses, and both modes agree.
  const [training, inference] = [true, false].map((flag) =>
    (model.apply(x, { training: flag }) as tf.Tensor).dataSync(),
  );
  expect(Math.max(...(training as Float32Array).map((v, i) => Math.abs(v - (inference?.[i] as number))))).toBeLessThan(
    1e-5,
  );
});

it("refuses data that are empty or not finite, and changes nothing", async () => {
  const model = single();
  const before = await readStatistics(model);
  await expect(recalibrate(model, [])).rejects.toThrow(/no batch/);
  await expect(recalibrate(model, tf.tensor2d([[1, Number.NaN]]))).rejects.toThrow(NonFiniteError);
  await expect(domainReport(model, tf.tensor2d([[1, Number.POSITIVE_INFINITY]]))).rejects.toThrow(/`bn`/);
  await assertStatisticsUnmoved(model, before);
});

it("reports the shift of the data in σ, the ratio of variances and their divergence", async () => {
  const model = single();
  model.setWeights([tf.ones([2]), tf.zeros([2]), tf.tensor1d([1, 0]), tf.tensor1d([3.999, 0.999])]);
  // The data have means 3 and 2 and variances 1 and 1. The statistics are 1 ± 2 and 0 ± 1; their σ² includes ε = 0.001.
  const report = await domainReport(
    model,
    tf.tensor2d([
      [2, 1],
      [4, 3],
    ]),
  );
  const [layer] = report.layers;
  expect(layer?.meanShift).toBeCloseTo((1 + 2) / 2, 3);
  expect(layer?.varianceRatio).toBeCloseTo(Math.sqrt(1.001 / 4), 3);
  const kl = (ratio: number, d: number): number => (ratio + d * d - 1 - Math.log(ratio)) / 2;
  expect(layer?.divergence).toBeCloseTo((kl(1.001 / 4, 1) + kl(1.001, 2)) / 2, 4);
  expect(report.advice).toBe("recalibrate");
  expect(formatDomainReport(report)).toMatchInlineSnapshot(`
    "layer   shift/σ  var ratio       KL  advice       0 σ ──────────────── 1.5 σ
    bn         1.50       0.50     1.41  recalibrate  ████████████████████████

    1 layers, 1 batches: freeze 0, recalibrate 1, train 0. Advice: recalibrate."
  `);
});

it("advises to freeze if the data have the statistics of the model, and to train if they are far away", async () => {
  const model = convNet();
  const { x } = data(64);
  await recalibrate(model, x, { batchSize: 64 });
  expect((await domainReport(model, x)).advice).toBe("freeze");
  const far = tf.add(tf.mul(x, 10), 30);
  expect((await domainReport(model, far)).advice).toBe("train");
});

it("assertStatisticsUnmoved names the statistics that changed", async () => {
  const model = convNet();
  const before = await readStatistics(model);
  await assertStatisticsUnmoved(model, before);
  model.apply(data().x, { training: true });
  await expect(assertStatisticsUnmoved(model, before)).rejects.toThrow(/4 of 4 .*moved:\n\s+bn_a\/moving_mean: by/);
});

it("measures integer images as float32 images, as `predict` runs them", async () => {
  const images = tf.tensor(
    Int32Array.from({ length: 128 }, (_, i) => (i * 37) % 256),
    [4, 4, 4, 2],
    "int32",
  );
  const make = (): tfl.Sequential =>
    tfl.sequential({
      layers: [
        tfl.layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [4, 4, 2], kernelInitializer: "ones" }),
        tfl.layers.batchNormalization({ name: "bn" }),
      ],
    });
  const [model, same] = [make(), make()];
  await recalibrate(model, images);
  await recalibrate(same, tf.cast(images, "float32"));
  expect(await readStatistics(model)).toEqual(await readStatistics(same));
});

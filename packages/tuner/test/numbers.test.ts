import "@tensorflow/tfjs-backend-cpu";
import { sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it } from "vitest";
import { colour, crop, erase, fineTune, flip, rotate, shift, topK } from "../src/index.ts";
import { lossOf, meanLoss } from "../src/losses/loss.ts";
import { LOSSES, type LossName } from "../src/losses/losses.ts";
import { metricOf } from "../src/metrics/metric.ts";
import type { MetricName } from "../src/metrics/metrics.ts";
import { mixup } from "../src/pipeline/views/mixup.ts";
import { beta } from "../src/random/beta.ts";
import { permutation, seeded } from "../src/random/random.ts";

beforeEach(() => tf.setBackend("cpu"));
const values = (tensor: tf.Tensor): number[] => [...tensor.dataSync()];

describe("losses", () => {
  it("equal the losses of tfjs-layers with the same name", async () => {
    const ports = { units: 3, inputShape: [3], useBias: false, kernelInitializer: "identity" as const };
    const predictions = tf.softmax(tf.randomNormal([6, 3], 0, 1, "float32", 4));
    const hot = tf.cast(tf.oneHot(tf.tensor1d([0, 1, 2, 2, 1, 0], "int32"), 3), "float32");
    const sparse = tf.tensor2d([[0], [1], [2], [2], [1], [0]]);
    for (const name of LOSSES.map(({ name }) => name).filter(
      (n) => !/softmax|sigmoidCross|sparseSoft|huber/i.test(n),
    )) {
      const model = layers.sequential({ layers: [layers.layers.dense(ports)] });
      model.compile({ optimizer: "sgd", loss: name });
      const labels = name.startsWith("sparse") ? sparse : hot;
      const stock = model.evaluate(predictions, labels) as tf.Scalar;
      const ours = meanLoss(lossOf(name).compute, labels, predictions);
      expect(values(ours)[0], name).toBeCloseTo(values(stock)[0] as number, 6);
    }
  });

  it("give the same from logits as from probabilities, if those are not clipped", () => {
    const logits = tf.randomNormal([6, 3], 0, 2, "float32", 4);
    const hot = tf.cast(tf.oneHot(tf.tensor1d([0, 1, 2, 2, 1, 0], "int32"), 3), "float32");
    const pairs: [LossName, LossName, tf.Tensor][] = [
      ["softmaxCrossEntropy", "categoricalCrossentropy", tf.softmax(logits)],
      ["sigmoidCrossEntropy", "binaryCrossentropy", tf.sigmoid(logits)],
    ];
    for (const [fromLogits, fromShares, shares] of pairs) {
      const [a, b] = [lossOf(fromLogits).compute(hot, logits), lossOf(fromShares).compute(hot, shares)].map(values) as [
        number[],
        number[],
      ];
      expect(a).toEqual(b.map((value) => expect.closeTo(value, 5)));
    }
    const far = lossOf("softmaxCrossEntropy").compute(tf.tensor2d([[1, 0]]), tf.tensor2d([[-500, 500]]));
    expect(values(far)).toEqual([1000]);
    expect(values(lossOf("huber").compute(tf.tensor2d([[0, 0]]), tf.tensor2d([[0.5, 3]])))).toEqual([
      (0.125 + 2.5) / 2,
    ]);
  });
});

describe("metrics", () => {
  it("equal values counted by hand, for any batches", () => {
    const truth = [0, 1, 2, 2, 1, 0, 2];
    const scores = tf.softmax(tf.randomNormal([7, 3], 0, 1, "float32", 11)) as tf.Tensor2D;
    const rows = scores.arraySync() as number[][];
    const predicted = rows.map((row) => row.indexOf(Math.max(...row)));
    const of = (
      name: MetricName,
      labels: tf.Tensor,
      predictions: tf.Tensor,
      split: number,
    ): Readonly<Record<string, number>> => {
      const metric = metricOf(name);
      const part = (at: number, n: number) => metric.update(tf.slice(labels, at, n), tf.slice(predictions, at, n));
      const total = tf.add(part(0, split), part(split, (labels.shape[0] as number) - split));
      return metric.result(total.dataSync() as Float32Array, total.shape);
    };
    const labels = tf.tensor1d(truth, "int32");
    const hot = tf.oneHot(labels, 3);
    const right = truth.filter((t, i) => t === predicted[i]).length / 7;
    for (const form of [labels, hot]) expect(of("accuracy", form, scores, 3).acc).toBeCloseTo(right, 6);
    const matrix = of("confusion", labels, scores, 4);
    const f1s: number[] = [];
    for (let t = 0; t < 3; t++) {
      for (let p = 0; p < 3; p++) {
        expect(matrix[`confusion_${t}_${p}`]).toBe(truth.filter((x, i) => x === t && predicted[i] === p).length);
      }
      const tp = truth.filter((x, i) => x === t && predicted[i] === t).length;
      f1s.push((2 * tp) / (truth.filter((x) => x === t).length + predicted.filter((x) => x === t).length));
    }
    expect(of("f1", hot, scores, 2).f1).toBeCloseTo(f1s.reduce((a, b) => a + b) / 3, 6);
    const binary = tf.tensor2d([0.1, 0.9, 0.4, 0.35, 0.8, 0.4, 0.62], [7, 1]);
    const answers = [0, 1, 0, 1, 1, 0, 0];
    let [wins, pairs] = [0, 0];
    const p = values(binary);
    answers.forEach((a, i) => {
      answers.forEach((b, j) => {
        if (a !== 1 || b !== 0) return;
        pairs++;
        wins += (p[i] as number) > (p[j] as number) ? 1 : p[i] === p[j] ? 0.5 : 0;
      });
    });
    expect(of("auc", tf.tensor2d(answers, [7, 1]), binary, 3).auc).toBeCloseTo(wins / pairs, 6);
    const wide = tf.tensor2d([
      [6, 5, 4, 3, 2, 1],
      [1, 2, 3, 4, 5, 6],
    ]);
    expect(of("top5", tf.tensor1d([5, 1], "int32"), wide, 1).top5).toBe(0.5);
    expect(of("mse", tf.tensor2d([[0], [2]]), tf.tensor2d([[1], [4]]), 1).mse).toBe(2.5);
    expect(of("mae", tf.tensor2d([[0], [2]]), tf.tensor2d([[1], [4]]), 1).mae).toBe(1.5);
    expect(of("top3", tf.tensor1d([3, 3], "int32"), wide, 1).top3).toBe(0.5);
    expect(() => topK(0)).toThrow(/topK[\s\S]*`k` must be an integer ≥ 1, got 0/);
    expect(() => metricOf("acuracy" as "accuracy")).toThrow(/Did you mean `accuracy`/);
  });
});

describe("metrics of a run whose loss takes logits", () => {
  it("use the probabilities, so logits are classified at threshold 0", async () => {
    const scores = [0.3, 0.2, -1, -2];
    const answers = [1, 1, 0, 0];
    const run = async (loss: LossName, ys: tf.Tensor, units: number) => {
      // Logits as they are, or in the second of two columns with 0 in the first.
      const model = layers.sequential({
        layers: [layers.layers.dense({ units, inputShape: [units], useBias: false, kernelInitializer: "identity" })],
      });
      const xs =
        units === 1
          ? tf.tensor2d(scores, [4, 1])
          : tf.tensor2d(
              scores.flatMap((z) => [0, z]),
              [4, 2],
            );
      const options = { trainable: "all", rule: sgd(), learningRate: 0, epochs: 1, batchSize: 4 } as const;
      const metrics: MetricName[] = ["accuracy", "f1", "auc", "confusion", ...(units === 1 ? (["mse"] as const) : [])];
      const { history, restore } = await fineTune(model, { data: { xs, ys }, loss, metrics, ...options });
      restore();
      return history;
    };
    const column = tf.tensor2d(answers, [4, 1]);
    const hot = tf.oneHot(tf.tensor1d(answers, "int32"), 2);
    for (const history of [
      await run("sigmoidCrossEntropy", column, 1),
      await run("softmaxCrossEntropy", hot, 2),
      await run("sparseSoftmaxCrossEntropy", tf.tensor1d(answers, "int32"), 2),
    ]) {
      expect(history).toMatchObject({ acc: [1], f1: [1], auc: [1], confusion_0_0: [2], confusion_1_1: [2] });
    }
    // Error metrics always use the outputs of the model, for any loss.
    const { mse } = await run("sigmoidCrossEntropy", column, 1);
    expect(mse?.[0]).toBeCloseTo((0.7 ** 2 + 0.8 ** 2 + 1 + 4) / 4, 5);
    // Probabilities are not converted: 0.3 and 0.2 count as negative.
    expect(await run("binaryCrossentropy", column, 1)).toMatchObject({ acc: [0.5], f1: [0] });
  });
});

describe("augmentation", () => {
  const images = tf.randomUniform([4, 6, 6, 3], 0, 1, "float32", 2) as tf.Tensor4D;
  const random = (seed: number) => Array.from({ length: 4 }, (_, i) => seeded(seed, i));

  it("keeps shapes, depends only on each example's generator, and changes something", () => {
    for (const { name, apply } of [
      flip(),
      flip({ direction: "vertical" }),
      shift({ by: 2 }),
      crop(),
      rotate({ degrees: 30 }),
      erase({ probability: 1, area: [0.1, 0.5] }),
      colour({ brightness: 0.2, contrast: 0.3, saturation: 0.3 }),
    ]) {
      const start = tf.memory().numTensors;
      const [a, b] = [tf.tidy(() => apply(images, random(7))), tf.tidy(() => apply(images, random(7)))];
      expect(a.shape, name).toEqual(images.shape);
      expect(values(a)).toEqual(values(b));
      expect(values(a)).not.toEqual(values(images));
      // The third example gives the same alone as among the others.
      const alone = tf.tidy(() => apply(tf.slice(images, 2, 1), [seeded(7, 2)]));
      expect(values(alone)).toEqual(values(tf.slice(a, 2, 1)).map((value) => expect.closeTo(value, 6)));
      tf.dispose([a, b, alone]);
      expect(tf.memory().numTensors - start).toBeLessThanOrEqual(1);
    }
  });

  it("is the identity if nothing is requested, and refuses anything but images", () => {
    for (const { name, apply } of [
      flip({ probability: 0 }),
      shift({ by: 0 }),
      crop({ minArea: 1, maxAspect: 1 }),
      rotate({ degrees: 0 }),
      erase({ probability: 0 }),
      colour(),
    ]) {
      expect(values(tf.tidy(() => apply(images, random(1)))), name).toEqual(
        values(images).map((value) => expect.closeTo(value, 5)),
      );
    }
    expect(() => flip().apply(tf.zeros([2, 3]), random(1))).toThrow(/takes images/);
    expect(() => shift({ by: -1 })).toThrow(/by/);
  });

  it("erases one rectangle of the given area, ratio and value in the given share of the images", () => {
    const [count, side] = [400, 20];
    const whole = tf.ones([count, side, side, 1]);
    const randoms = Array.from({ length: count }, (_, i) => seeded(5, i));
    const { apply } = erase({ probability: 0.5, area: [0.1, 0.3], ratio: [0.5, 2], fill: 7 });
    const images = tf.tidy(() => tf.reshape(apply(whole, randoms), [count, -1]).arraySync()) as number[][];
    const erased = images.filter((pixels) => pixels.includes(7));
    expect(erased.length).toBeGreaterThan(160);
    expect(erased.length).toBeLessThan(240);
    for (const pixels of erased) {
      const at = pixels.flatMap((value, i) => (value === 7 ? [i] : []));
      const [xs, ys] = [at.map((i) => i % side), at.map((i) => Math.floor(i / side))];
      const [columns, rows] = [xs, ys].map((places) => Math.max(...places) - Math.min(...places) + 1) as [
        number,
        number,
      ];
      expect(at).toHaveLength(rows * columns);
      // Rows and columns are rounded: half a pixel in each direction.
      expect((rows + 0.5) * (columns + 0.5)).toBeGreaterThanOrEqual(0.1 * side ** 2);
      expect((rows - 0.5) * (columns - 0.5)).toBeLessThanOrEqual(0.3 * side ** 2);
      expect((rows + 0.5) / (columns - 0.5)).toBeGreaterThanOrEqual(0.5);
      expect((rows - 0.5) / (columns + 0.5)).toBeLessThanOrEqual(2);
    }
    expect(() => erase({ area: [0.5, 0.1] })).toThrow(/area/);
    whole.dispose();
  });

  it("mixes inputs and labels in the same way", () => {
    const ys = tf.cast(tf.oneHot(tf.tensor1d([0, 1, 2, 3], "int32"), 4), "float32");
    const [x, y] = [mixup([images], 0.4, seeded(3)), mixup([ys], 0.4, seeded(3))];
    const shares = y[0]?.arraySync() as number[][];
    const expected = tf.tidy(() =>
      tf.reshape(tf.matMul(tf.tensor2d(shares), tf.reshape(images, [4, -1])), images.shape),
    );
    expect(values(x[0] as tf.Tensor)).toEqual(values(expected).map((value) => expect.closeTo(value, 5)));
  });
});

describe("random numbers", () => {
  it("are uniform, differ by their words, and give correct permutations and Beta draws", () => {
    const random = seeded(0, "a");
    const draws = Array.from({ length: 20_000 }, random);
    expect(draws.reduce((a, b) => a + b) / draws.length).toBeCloseTo(0.5, 1);
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...draws)).toBeLessThan(1);
    expect(seeded(0, "a")()).toBe(draws[0]);
    const firsts = [seeded(0, "a"), seeded(0, "b"), seeded(1, "a"), seeded(0, "a", 0), seeded(2 ** 40)].map((r) => r());
    expect(new Set(firsts).size).toBe(5);
    expect([...permutation(100, random)].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    const betas = Array.from({ length: 4000 }, () => beta(0.4, random));
    const mean = betas.reduce((a, b) => a + b) / 4000;
    expect(mean).toBeCloseTo(0.5, 1);
    // Var = α² / ((2α)² (2α + 1)) = 1 / (4 (2α + 1)).
    expect(betas.reduce((sum, b) => sum + (b - mean) ** 2, 0) / 4000).toBeCloseTo(1 / (4 * 1.8), 1);
  });
});

import "@tensorflow/tfjs-backend-cpu";
import { OptionsError, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import { type FineTuneOptions, fineTune } from "../src/index.ts";
import { cutBox, cutmix } from "../src/pipeline/views/cutmix.ts";
import { mixedBatches } from "../src/pipeline/views/mixed-batches.ts";
import { seeded } from "../src/random/random.ts";
import oracle from "./cutmix-oracle.json" with { type: "json" };
import { convNet, mlp } from "./nets.ts";
import { examples, mapStore, weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

describe("cutmix", () => {
  it("cuts timm's rectangles, and keeps timm's share", () => {
    for (const [height, width, lambda, draws, box, share] of oracle as [
      number,
      number,
      number,
      number[],
      number[],
      number,
    ][]) {
      const left = [...draws];
      const found = cutBox(height, width, lambda, () => left.shift() as number);
      expect([found.top, found.bottom, found.left, found.right], `${height}×${width} ${lambda}`).toEqual(box);
      expect(found.share).toBeCloseTo(share, 12);
    }
  });

  it("takes every pixel from the example or from its partner, as often as the share says, NaN included", () => {
    const [height, width] = [9, 7];
    // Every pixel of an image is its number, so a pixel names its image. The last image is NaN.
    const numbers = [0, 1, 2, Number.NaN];
    const batch = tf.tidy(() => tf.broadcastTo(tf.tensor4d(numbers, [4, 1, 1, 1]), [4, height, width, 2]));
    for (let seed = 0; seed < 20; seed++) {
      const { images, partner, share } = cutmix(batch, 1, seeded(seed));
      const values = [...images.dataSync()];
      const own = height * width * 2;
      numbers.forEach((number, i) => {
        const other = numbers[partner[i] as number] as number;
        const pixels = values.slice(i * own, (i + 1) * own);
        for (const pixel of pixels) expect([number, other]).toContainEqual(pixel);
        if (partner[i] !== i)
          expect(pixels.filter((pixel) => Object.is(pixel, number)).length / own).toBeCloseTo(share, 6);
      });
      images.dispose();
    }
  });

  it("mixes labels by the area, and each batch by one of cutmix and mixup if both are on", () => {
    const seen = { cut: 0, mixed: 0 };
    const { inputs, labels } = mixedBatches({ mixup: 1, cutmix: 1, seed: 5 });
    const before = tf.memory().numTensors;
    for (let epoch = 0; epoch < 20; epoch++) {
      const indices = Int32Array.of(2, 0, 1);
      const [images] = inputs(
        [tf.tidy(() => tf.broadcastTo(tf.tensor4d([0, 1, 2], [3, 1, 1, 1]), [3, 6, 6, 1]))],
        epoch,
        indices,
      );
      const [ys] = labels([tf.tensor1d([0, 1, 2])], epoch, indices);
      // With labels that equal the pixels, the mean of an image is its label.
      const means = tf.mean(images as tf.Tensor, [1, 2, 3]);
      const whole = (images as tf.Tensor).dataSync().every(Number.isInteger);
      seen[whole ? "cut" : "mixed"]++;
      [...means.dataSync()].forEach((mean, i) => {
        expect(mean).toBeCloseTo((ys as tf.Tensor).dataSync()[i] as number, 5);
      });
      tf.dispose([images as tf.Tensor, ys as tf.Tensor, means]);
    }
    expect(tf.memory().numTensors).toBe(before);
    expect(Math.min(seen.cut, seen.mixed)).toBeGreaterThan(3);
  });

  it("resumes bit for bit, and refuses class indices, inputs that are not images, and another α", async () => {
    const data = examples([8, 8, 2], 9);
    const options = (more: Partial<FineTuneOptions>): FineTuneOptions => ({
      ...{ data, loss: "categoricalCrossentropy", trainable: "head", rule: sgd(), learningRate: 0.1 },
      ...{ epochs: 2, batchSize: 4, cutmix: 1, ...more },
    });
    const run = async (more: Partial<FineTuneOptions> = {}) => {
      const model = convNet();
      const { history, restore } = await fineTune(model, options(more));
      restore();
      return { weights: weightsOf(model), history };
    };
    const expected = await run();
    expect((await run({ cutmix: 0 })).weights).not.toEqual(expected.weights);
    expect((await run({ prefetch: 2 })).weights).toEqual(expected.weights);
    const checkpoint = { to: mapStore(), everySteps: 1, resume: true };
    await run({ checkpoint, maxSteps: 2 });
    await expect(run({ checkpoint, cutmix: 0.5 })).rejects.toThrow(/cutmix: was 1, is 0.5/);
    expect(await run({ checkpoint })).toEqual(expected);
    const { xs, ys } = data;
    const sparse = { data: { xs, ys: tf.argMax(ys, -1) }, loss: "sparseCategoricalCrossentropy" } as const;
    await expect(run(sparse)).rejects.toThrow(/`cutmix` mixes labels/);
    await expect(run({ data: { xs, ys, sampleWeights: tf.ones([9]) } })).rejects.toThrow(/no weight of its own/);
    await expect(run({ cutmix: -1 })).rejects.toThrow(/cutmix/);
    await expect(fineTune(mlp(), options({ data: examples([4]) }))).rejects.toThrow(OptionsError);
  });
});

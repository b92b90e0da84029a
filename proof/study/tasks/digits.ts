import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { adam, namedWeights } from "@graftjs/core";
import { fineTune, replaceHead } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { seeded, shuffled } from "../random.ts";
import type { Examples, Task } from "../task.ts";

const folder = join(dirname(createRequire(import.meta.url).resolve("mnist/package.json")), "src", "digits");
const SIDE = 28;
const PIXELS = SIDE * SIDE;
/** Images of each digit that the base is trained on, and that the test uses. */
const [BASE, TEST] = [400, 100];
/** The shift: degrees by which the pictures are turned, and deviation of the noise. */
const [TURN, NOISE] = [25, 0.2];

type Image = Float32Array;

function imagesOf(digit: number): readonly Image[] {
  const all = Float32Array.from(
    (JSON.parse(readFileSync(join(folder, `${digit}.json`), "utf8")) as { data: number[] }).data,
  );
  return Array.from({ length: Math.floor(all.length / PIXELS) }, (_, i) => all.subarray(i * PIXELS, (i + 1) * PIXELS));
}

function examples(classes: readonly (readonly Image[])[]): Examples {
  const images = classes.flat();
  const pixels = new Float32Array(images.length * PIXELS);
  images.forEach((image, i) => {
    pixels.set(image, i * PIXELS);
  });
  const labels = Int32Array.from(classes.flatMap((list, label) => list.map(() => label)));
  return {
    xs: tf.tensor4d(pixels, [images.length, SIDE, SIDE, 1]),
    ys: tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, "int32"), classes.length), "float32")),
  };
}

/** Turns an image around its centre (bilinear) and adds noise. */
function turned(image: Image, random: () => number): Image {
  const [sin, cos] = [Math.sin((TURN * Math.PI) / 180), Math.cos((TURN * Math.PI) / 180)];
  const centre = (SIDE - 1) / 2;
  const at = (x: number, y: number): number =>
    x >= 0 && y >= 0 && x < SIDE && y < SIDE ? (image[y * SIDE + x] as number) : 0;
  return image.map((_, i) => {
    const [dx, dy] = [(i % SIDE) - centre, Math.floor(i / SIDE) - centre];
    const [x, y] = [centre + cos * dx + sin * dy, centre - sin * dx + cos * dy];
    const [x0, y0] = [Math.floor(x), Math.floor(y)];
    const [fx, fy] = [x - x0, y - y0];
    const value =
      (1 - fy) * ((1 - fx) * at(x0, y0) + fx * at(x0 + 1, y0)) +
      fy * ((1 - fx) * at(x0, y0 + 1) + fx * at(x0 + 1, y0 + 1));
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.min(1, Math.max(0, value + NOISE * normal));
  });
}

const { conv2d, batchNormalization, reLU, globalAveragePooling2d, dense } = tfl.layers;

/** Six blocks of convolution, batch norm and ReLU, and a head of five classes: 74,000 parameters. */
function net(): tfl.Sequential {
  const model = tfl.sequential();
  for (const [i, filters] of [16, 16, 32, 32, 64, 64].entries()) {
    const kernelInitializer = tfl.initializers.heNormal({ seed: i + 1 });
    const shape = i === 0 ? { inputShape: [SIDE, SIDE, 1] } : {};
    model.add(
      conv2d({
        ...shape,
        ...{ filters, kernelSize: 3, strides: i % 2 === 1 ? 2 : 1, padding: "same", useBias: false },
        ...{ kernelInitializer, name: `conv_${i}` },
      }),
    );
    model.add(batchNormalization({ name: `bn_${i}` }));
    model.add(reLU({ name: `relu_${i}` }));
  }
  model.add(globalAveragePooling2d({ name: "pool" }));
  const kernelInitializer = tfl.initializers.glorotUniform({ seed: 9 });
  model.add(dense({ units: 5, activation: "softmax", kernelInitializer, name: "classes" }));
  return model;
}

let baseWeights: Promise<ReadonlyMap<string, tf.Tensor>> | undefined;

/** Trains the base on the digits 0 to 4, once per process. */
async function trainBase(): Promise<ReadonlyMap<string, tf.Tensor>> {
  const base = net();
  const data = examples([0, 1, 2, 3, 4].map((digit) => imagesOf(digit).slice(0, BASE)));
  const { restore } = await fineTune(base, {
    ...{ data, loss: "categoricalCrossentropy", trainable: "all", rule: adam(), learningRate: 0.003, epochs: 4 },
  });
  restore();
  tf.dispose([data.xs, data.ys]);
  return new Map(namedWeights(base).map(({ name, variable }) => [name, variable.clone()]));
}

/**
 * The digits 5 to 9 for a net that was trained on the digits 0 to 4. The shifted test pictures are turned by 25° and noisy.
 * The old answers are those on other pictures of the digits 0 to 4.
 */
export function digits(perClass: number): Task {
  return {
    name: `digits-${perClass}`,
    async open(seed) {
      const fresh = [5, 6, 7, 8, 9].map((digit) => shuffled(imagesOf(digit), seed * 10 + digit));
      const test = fresh.map((images) => images.slice(0, TEST));
      const random = seeded(seed + 77);
      return {
        train: examples(fresh.map((images) => images.slice(TEST, TEST + perClass))),
        test: examples(test),
        shifted: examples(test.map((images) => images.map((image) => turned(image, random)))),
        old: examples([0, 1, 2, 3, 4].map((digit) => imagesOf(digit).slice(BASE, BASE + 50))),
      };
    },
    async model(seed) {
      baseWeights ??= trainBase();
      const weights = await baseWeights;
      const whole = net();
      for (const { name, variable } of namedWeights(whole)) variable.assign(weights.get(name) as tf.Tensor);
      const tuned = replaceHead(whole, { units: 5, seed });
      return { tuned, whole, dispose: () => void tuned.dispose() };
    },
  };
}

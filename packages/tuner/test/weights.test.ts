import "@tensorflow/tfjs-backend-cpu";
import { readFileSync } from "node:fs";
import { sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it } from "vitest";
import { type Data, type FineTuneOptions, fineTune } from "../src/index.ts";
import { readSafetensors } from "../src/files/safetensors/read.ts";
import { weightsOf } from "./support.ts";

interface Trained {
  readonly history: Record<string, number[]>;
  readonly weights: Record<"a" | "b", number[]>;
}
type Runs = Record<"plain" | "sample" | "loss" | "both" | "bothWhole", Trained>;
interface Oracle extends Runs {
  readonly x: number[][];
  readonly labels: Record<"a" | "b", number[][]>;
  readonly sampleWeights: number[];
  readonly kernels: Record<"a" | "b", number[][]>;
  readonly lossWeights: Record<"a" | "b", number>;
}
const keras = JSON.parse(readFileSync(new URL("weights-oracle.json", import.meta.url), "utf8")) as Oracle;

beforeEach(() => tf.setBackend("cpu"));

function build(): layers.LayersModel {
  const input = layers.input({ shape: [3], name: "x" });
  const a = layers.layers.dense({ units: 2, activation: "softmax", name: "a", useBias: false });
  const b = layers.layers.dense({ units: 2, name: "b", useBias: false });
  const outputs = [a.apply(input), b.apply(input)] as layers.SymbolicTensor[];
  const model = layers.model({ inputs: input, outputs });
  a.setWeights([tf.tensor2d(keras.kernels.a)]);
  b.setWeights([tf.tensor2d(keras.kernels.b)]);
  return model;
}

const { x, labels, sampleWeights } = keras;
const memory = { xs: x, ys: labels };
const options = {
  loss: { a: "categoricalCrossentropy", b: "meanSquaredError" },
  trainable: "all",
  rule: sgd(),
  learningRate: 0.1,
  epochs: 2,
  batchSize: 4,
  shuffle: false,
} as const;

/** The weighted examples in every form that `data` may have. */
const forms: Record<string, () => Data> = {
  arrays: () => ({ ...memory, sampleWeights }),
  "a column": () => ({ ...memory, sampleWeights: sampleWeights.map((w) => [w]) }),
  tensors,
  "a typed array": () => ({ ...memory, sampleWeights: Float64Array.from(sampleWeights) }),
  "single examples": () => x.map((_, i) => single(i)),
  "a stream": () => ({ stream: () => x.map((_, i) => single(i)) }),
  "a stream of batches": () => ({ stream: () => [tensors()] }),
};

function tensors() {
  const ys = { a: tf.tensor2d(labels.a), b: tf.tensor2d(labels.b) };
  return { xs: tf.tensor2d(x), ys, sampleWeights: tf.tensor1d(sampleWeights) };
}

function single(i: number) {
  const ys = { a: labels.a[i] as number[], b: labels.b[i] as number[] };
  return { xs: x[i] as number[], ys, sampleWeights: sampleWeights[i] as number };
}

async function expectKeras(name: keyof Runs, data: Data, more: Partial<FineTuneOptions> = {}): Promise<void> {
  const model = build();
  const { history, restore } = await fineTune(model, { ...options, data, validation: data, ...more });
  restore();
  const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 5));
  const expected = keras[name];
  for (const [key, values] of Object.entries(expected.history))
    expect(history[key], `${name} ${key}`).toEqual(close(values));
  const trained = weightsOf(model);
  for (const output of ["a", "b"] as const)
    expect(trained[`${output}/kernel`]).toEqual(close(expected.weights[output]));
}

describe("weights of examples and of losses", () => {
  it("give the losses and the trained weights of Keras", async () => {
    const { lossWeights } = keras;
    const weighted = { ...memory, sampleWeights };
    await expectKeras("plain", memory);
    await expectKeras("sample", weighted);
    await expectKeras("loss", memory, { lossWeights });
    await expectKeras("loss", memory, { lossWeights: [lossWeights.a, lossWeights.b] });
    await expectKeras("both", weighted, { lossWeights });
    // Five batches of two that are averaged into one step are one batch of ten.
    await expectKeras("bothWhole", weighted, { lossWeights, batchSize: 2, accumulate: 5 });
  });

  it("and plain runs have validation losses per output that stock tfjs sums up over batches", async () => {
    const stock = build();
    stock.compile({ optimizer: tf.train.sgd(0.1), loss: { ...options.loss, a: "categoricalCrossentropy" } });
    const [xs, ys] = [tf.tensor2d(x), [tf.tensor2d(labels.a), tf.tensor2d(labels.b)]];
    const more = { epochs: 2, batchSize: 4, shuffle: false, verbose: 0 } as const;
    const { history } = await stock.fit(xs, ys, { ...more, validationData: [xs, ys] });
    const right = keras.plain.history.val_a_loss as number[];
    expect(history.val_a_loss?.[0]).not.toBeCloseTo(right[0] as number, 2);
  });

  for (const [name, data] of Object.entries(forms)) {
    it(`are read from ${name}`, async () => {
      await expectKeras("sample", data());
    });
  }

  it("change nothing if they are 1, and leave no tensor", async () => {
    await expectKeras("plain", { ...memory, sampleWeights: sampleWeights.map(() => 1) }, { lossWeights: { a: 1 } });
    const model = build();
    const start = tf.memory().numTensors;
    const data = { ...memory, sampleWeights };
    const { restore } = await fineTune(model, { ...options, data, validation: data, lossWeights: keras.lossWeights });
    restore();
    expect(tf.memory().numTensors).toBe(start);
  });

  it("are refused if they do not fit", async () => {
    const weighted = { ...memory, sampleWeights };
    const cases: [Data, Partial<FineTuneOptions>, RegExp][] = [
      [
        { ...memory, sampleWeights: [1, 2] },
        {},
        /data\.sampleWeights is float32 \[2\], but needs one number for each of 10/,
      ],
      [weighted, { mixup: 0.2 }, /a mixed example has no weight[\s\S]*Leave `sampleWeights` out/],
      [
        x.map((_, i) => (i === 3 ? { ...single(i), sampleWeights: undefined } : single(i))) as Data,
        {},
        /element 3 lacks sampleWeights/,
      ],
      [memory, { lossWeights: [1] }, /1 weights for 2 output\(s\)[\s\S]*a, b/],
      [memory, { lossWeights: { c: 1 } }, /`lossWeights` names `c`[\s\S]*Its outputs are a, b/],
      [memory, { lossWeights: { a: -1 } }, /lossWeights/],
      [memory, { metrics: { c: ["acc"] } }, /`metrics` names `c`[\s\S]*Its outputs are a, b/],
      [
        weighted,
        { loss: { a: "categoricalCrossentropy", b: (y, p) => tf.mean(tf.square(tf.sub(y, p))) } },
        /returned \[\] for 4 examples[\s\S]*one value per example/,
      ],
    ];
    for (const [data, more, message] of cases)
      await expect(fineTune(build(), { ...options, data, ...more })).rejects.toThrow(message);
  });
});

it("metrics may be given per output", async () => {
  const validation = memory;
  const { history } = await fineTune(build(), {
    ...options,
    data: memory,
    validation,
    metrics: { b: ["mae"], a: ["acc"] },
  });
  const { epoch: _, ...curves } = history;
  const names = ["loss", "a_loss", "b_loss", "a_acc", "b_mae"];
  expect(new Set(Object.keys(curves))).toEqual(new Set([...names, ...names.map((name) => `val_${name}`)]));
  const all = await fineTune(build(), { ...options, data: memory, validation, metrics: ["acc", "mae"] });
  for (const name of ["a_acc", "val_b_mae"]) expect(history[name]).toEqual(all.history[name]);
});

it("floats of 8 bits in safetensors files are refused by their name", () => {
  for (const dtype of ["F8_E4M3", "F8_E5M2"]) {
    const header = new TextEncoder().encode(JSON.stringify({ "a/w": { dtype, shape: [2], data_offsets: [0, 2] } }));
    const bytes = new Uint8Array(8 + header.length + 2);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
    bytes.set(header, 8);
    expect(() => readSafetensors(bytes)).toThrow(
      new RegExp(`\`a/w\` has the type ${dtype}: .*FP8(.|\\n)*torch\\.float16`),
    );
  }
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adam, namedWeights, sgd } from "@graftjs/core";
import { type FineTuneOptions, fineTune } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import { type AdapterPatch, dora, ia3, lokr, lora, ssf } from "../src/index.ts";
import { disturb, everyKind, tokens, volumes } from "./nets.ts";

beforeAll(() => tf.setBackend("cpu"));

const pictures = (): tf.Tensor => tf.randomUniform([3, 8, 8, 3], -1, 1, "float32", 5);
const predicted = (model: tfl.LayersModel, x: tf.Tensor): Float32Array =>
  tf.tidy(() => (model.predict(x) as tf.Tensor).dataSync() as Float32Array);
const weightsOf = (model: tfl.LayersModel): number[][] =>
  namedWeights(model).map(({ variable }) => [...variable.dataSync()]);
const near = (values: Float32Array, digits: number): unknown[] =>
  [...values].map((value) => expect.closeTo(value, digits));

describe("targets", () => {
  it("all-linear is every kernel but depthwise ones and the head's", () => {
    const model = everyKind();
    const handle = lora({ rank: 2 }).apply(model);
    expect(handle.changes.map(({ target }) => `${target.name}: ${target.kind}`)).toMatchInlineSnapshot(`
      [
        "conv/kernel: conv",
        "valid/kernel: conv",
        "up/kernel: transposed",
        "separable/pointwise_kernel: inside",
        "dilated/kernel: conv",
        "strided/kernel: conv",
        "each/kernel: dense",
        "bi/forward/kernel: inside",
        "bi/forward/recurrent_kernel: inside",
        "bi/backward/kernel: inside",
        "bi/backward/recurrent_kernel: inside",
        "dense/kernel: dense",
      ]
    `);
    expect(handle.added.map(({ name, shape }) => `${name} [${shape}]`)).toMatchInlineSnapshot(`
      [
        "conv/lora_a [3,3,3,2]",
        "conv/lora_b [2,4]",
        "valid/lora_a [3,3,4,2]",
        "valid/lora_b [2,4]",
        "up/lora_a [3,3,2,4]",
        "up/lora_b [2,5]",
        "separable/pointwise_kernel.lora_a [1,1,5,2]",
        "separable/pointwise_kernel.lora_b [2,6]",
        "dilated/lora_a [3,6,2]",
        "dilated/lora_b [2,4]",
        "strided/lora_a [5,4,2]",
        "strided/lora_b [2,4]",
        "each/lora_a [4,2]",
        "each/lora_b [2,5]",
        "bi/forward/lora_a [5,2]",
        "bi/forward/lora_b [2,12]",
        "bi/forward/recurrent_kernel.lora_a [3,2]",
        "bi/forward/recurrent_kernel.lora_b [2,12]",
        "bi/backward/lora_a [5,2]",
        "bi/backward/lora_b [2,12]",
        "bi/backward/recurrent_kernel.lora_a [3,2]",
        "bi/backward/recurrent_kernel.lora_b [2,12]",
        "dense/lora_a [6,2]",
        "dense/lora_b [2,4]",
      ]
    `);
    expect(handle.summary).toMatchInlineSnapshot(`"12 weights adapted by lora, 504 parameters added"`);
    handle.restore();
  });
});

const beside = ["conv/kernel", "valid/kernel", "up/kernel", "strided/kernel", "each/kernel", "dense/kernel"];
const nets = { everyKind, tokens, volumes };
const inputs = {
  everyKind: pictures,
  tokens: () => tf.tensor2d([1, 2, 3, 4, 5, 9, 0, 0, 7, 7, 1, 2], [2, 6], "int32"),
  volumes: () => tf.randomUniform([2, 4, 4, 4, 2], -1, 1, "float32", 3),
};
const cases: readonly [string, keyof typeof nets, () => AdapterPatch][] = [
  ["lora", "everyKind", () => lora({ rank: 2 })],
  ["lora, orthogonal", "everyKind", () => lora({ rank: 2, initialization: "orthogonal" })],
  ["lora, pissa", "everyKind", () => lora({ rank: 2, initialization: "pissa" })],
  [
    "lora, pissa, of embeddings and a gru",
    "tokens",
    () => lora({ target: ["embed/embeddings", "gru/**"], rank: 2, initialization: "pissa" }),
  ],
  ["lora of embeddings and a gru", "tokens", () => lora({ target: ["embed/embeddings", "gru/**"], rank: 2 })],
  ["lora in three dimensions", "volumes", () => lora({ rank: 2 })],
  ["dora", "everyKind", () => dora({ rank: 2 })],
  ["dora, pissa", "volumes", () => dora({ rank: 1, initialization: "pissa" })],
  ["dora of embeddings", "tokens", () => dora({ target: "embed/embeddings", rank: 2 })],
  ["dora in three dimensions", "volumes", () => dora({ rank: 2 })],
  ["ia3", "everyKind", () => ia3({ target: beside, feedforward: ["conv/kernel", "up/kernel", "dense/kernel"] })],
  ["lokr", "everyKind", () => lokr({ target: ["each/kernel", "dense/kernel"], rank: 1 })],
  [
    "lokr of convolutions",
    "everyKind",
    () => lokr({ target: ["conv/kernel", "valid/kernel", "dilated/kernel", "strided/kernel"], rank: 1 }),
  ],
  ["lokr in three dimensions", "volumes", () => lokr({ target: "conv/kernel" })],
  ["lokr with a full second factor", "everyKind", () => lokr({ target: ["each/kernel", "dense/kernel"] })],
  ["ssf", "everyKind", () => ssf({ target: beside })],
];

describe.each(cases)("%s", (_, net, patch) => {
  it("computes as before at first, as merged after training, and leaves no trace", () => {
    const model = nets[net]();
    const x = inputs[net]();
    const [before, weights, memory] = [predicted(model, x), weightsOf(model), tf.memory()];
    const handle = patch().apply(model);
    expect([...predicted(model, x)]).toEqual(near(before, 6));
    disturb(handle.added.map(({ variable }) => variable));
    const adapted = predicted(model, x);
    expect(Math.max(...adapted.map((value, i) => Math.abs(value - (before[i] as number))))).toBeGreaterThan(1e-3);
    handle.merge();
    expect([...predicted(model, x)]).toEqual(near(adapted, 5));
    expect(handle.unmerge()).toBe(0);
    expect(weightsOf(model)).toEqual(weights);
    expect(predicted(model, x)).toEqual(adapted);
    handle.active = false;
    expect(predicted(model, x)).toEqual(before);
    handle.active = true;
    handle.merge();
    handle.restore();
    expect(weightsOf(model)).toEqual(weights);
    expect(predicted(model, x)).toEqual(before);
    expect(tf.memory()).toMatchObject({ numTensors: memory.numTensors, numBytes: memory.numBytes });
  });
});

describe("in a run", () => {
  it("trains the adapter and the head, keeps the base, and leaves the adapted layers out of the trunk", async () => {
    const model = everyKind();
    const base = namedWeights(model).filter(({ layer }) => layer !== "head");
    const kept = base.map(({ variable }) => [...variable.dataSync()]);
    const result = await fineTune(model, {
      data: { xs: pictures(), ys: tf.tensor2d([1, 0, 0, 1, 1, 0], [3, 2]) },
      loss: "categoricalCrossentropy",
      trainable: ["role:lora_a", "role:lora_b", "head"],
      patches: [lora({ target: ["each/kernel", "dense/kernel"], rank: 2 })],
      rule: sgd(),
      learningRate: 0.1,
      epochs: 5,
      batchSize: 3,
    });
    expect(base.map(({ variable }) => [...variable.dataSync()])).toEqual(kept);
    expect(result.params.map(({ name }) => name)).toMatchInlineSnapshot(`
      [
        "head/kernel",
        "head/bias",
        "each/lora_a",
        "each/lora_b",
        "dense/lora_a",
        "dense/lora_b",
      ]
    `);
    result.restore();
  });

  it("continues a checkpoint bit for bit, with dropout and a rate of its own for b", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lora-"));
    const run = async (more: Partial<FineTuneOptions>): Promise<number[][]> => {
      const result = await fineTune(everyKind(), {
        data: { xs: pictures(), ys: tf.tensor2d([1, 0, 0, 1, 1, 0], [3, 2]) },
        loss: "categoricalCrossentropy",
        trainable: ["role:lora_a", "role:lora_b", "head"],
        patches: [lora({ target: ["conv/kernel", "dense/kernel"], rank: 2, dropout: 0.3 })],
        rateMultipliers: [{ params: "role:lora_b", factor: 4 }],
        rule: adam(),
        learningRate: 0.01,
        epochs: 4,
        batchSize: 2,
        ...more,
      });
      const values = result.params.map(({ variable }) => [...variable.dataSync()]);
      result.restore();
      return values;
    };
    const whole = await run({});
    const checkpoint = { to: folder, resume: true, everySteps: 1 };
    await run({ checkpoint, maxSteps: 5 });
    expect(await run({ checkpoint })).toEqual(whole);
    expect(await run({ seed: 1 })).not.toEqual(whole);
    rmSync(folder, { recursive: true });
  });
});

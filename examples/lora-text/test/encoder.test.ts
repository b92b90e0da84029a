import { readFileSync } from "node:fs";
import { wasmBackend } from "@graftjs/backend-wasm";
import { blockModel } from "@graftjs/blocks";
import { adam } from "@graftjs/core";
import { fineTune } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import { randomWeights, textClassifier } from "../classifier.ts";
import { type EncoderConfig, encoderBlocks, meanPooling } from "../encoder.ts";
import { METHODS, tune } from "../methods.ts";
import { textOf } from "../spam.ts";
import { isFetched, readConfig, readTokenizer, readWeights } from "../minilm.ts";

const CONFIG: EncoderConfig = {
  hidden_size: 16,
  intermediate_size: 32,
  num_attention_heads: 4,
  num_hidden_layers: 2,
  vocab_size: 50,
  max_position_embeddings: 12,
  type_vocab_size: 2,
  layer_norm_eps: 1e-12,
};

beforeAll(async () => {
  await wasmBackend().init();
});

/** Texts of two topics: words below 25, and words from 25 on. The second half of each text is padding. */
const texts = (count: number, tokens = 8) => {
  const word = (i: number, j: number): number => (j < tokens / 2 ? ((7 * i + 3 * j) % 24) + (i % 2 === 0 ? 1 : 26) : 0);
  const ids = Array.from({ length: count }, (_, i) => Array.from({ length: tokens }, (_, j) => word(i, j)));
  return {
    xs: {
      ids: tf.tensor2d(ids, [count, tokens], "int32"),
      mask: tf.tensor2d(
        ids.map((row) => row.map((id) => Number(id > 0))),
        [count, tokens],
        "int32",
      ),
    },
    ys: tf.tensor1d(
      ids.map((_, i) => i % 2),
      "int32",
    ),
  };
};

it("does not change with the length of the padding", () => {
  const model = textClassifier(CONFIG, randomWeights(), 2, 8);
  const { ids, mask } = texts(3).xs;
  const long = [ids, mask].map((tensor) =>
    tf.pad(tensor, [
      [0, 0],
      [0, 4],
    ]),
  );
  const [short, padded] = [model.predict([ids, mask]), model.predict(long)].map(([y]) => y?.dataSync() as Float32Array);
  for (const [i, value] of (short as Float32Array).entries()) expect(padded?.[i]).toBeCloseTo(value, 5);
});

it.each([
  { trainable: "head", trunk: 4, least: 0.7 },
  { trainable: { include: ["head/**", "encoder/layer/1/**"] }, trunk: 2, least: 0.9 },
])("tunes $trainable with $trunk cached blocks", async ({ trainable, trunk, least }) => {
  const model = textClassifier(CONFIG, randomWeights(), 2, 8);
  const { history, plan } = await fineTune(model, {
    ...{ data: texts(32), loss: "sparseSoftmaxCrossEntropy", metrics: ["accuracy"], trainable },
    ...{ rule: adam(), learningRate: 0.02, epochs: 8, batchSize: 8, seed: 1 },
  });
  expect(plan.trunk).toMatchObject({ layers: trunk, of: 5 });
  expect(history.acc?.at(-1)).toBeGreaterThan(least);
});

it("tunes adapters of query and value, which end the cached part at the first layer and come off again", async () => {
  const model = textClassifier(CONFIG, randomWeights(), 2, 8);
  const base = model.weights.filter(({ layer }) => layer !== "head").map(({ variable }) => variable.dataSync().slice());
  const name = Object.keys(METHODS).find((method) => method.includes("query")) as string;
  const row = await tune(model, name, texts(240), texts(48));
  // Per layer and kernel 16 · 4 + 4 · 16, and the head.
  expect(row).toMatchObject({ cachedBlocks: 1, trained: 2 * 2 * 128 + 16 * 2 + 2 });
  expect(row.fileBytes).toBeGreaterThan(4 * row.trained);
  expect(row.accuracy).toBeGreaterThan(0.7);
  const after = model.weights.filter(({ layer }) => layer !== "head").map(({ variable }) => variable.dataSync());
  expect(after).toEqual(base);
  expect(model.patchable.layers.some((layer) => Object.hasOwn(layer, "call"))).toBe(false);
});

it("reads the subject and the words of a mail", () => {
  const mail =
    "From: a\nSubject: Win now\nX: y\n\n<html><style>p {}</style><p>Dear&nbsp;friend,</p>\n" +
    "QUJD".repeat(20) +
    "\nbye";
  expect(textOf(mail)).toBe("Win now. Dear friend, bye");
});

// Needs `npm run fetch`.
it.runIf(isFetched())("gives three sentences the tokens and embeddings of Hugging Face's transformers", () => {
  const file = readFileSync(new URL("embeddings-oracle.json", import.meta.url), "utf8");
  const stored = JSON.parse(file) as { texts: string[]; ids: number[][]; embeddings: number[][] };
  const model = blockModel({
    inputs: { ids: [null, null], mask: [null, null] },
    outputs: { embedding: [null, 384] },
    blocks: [...encoderBlocks(readConfig(), readWeights()), meanPooling()],
  });
  const { ids, mask } = readTokenizer()(stored.texts, (stored.ids[0] as number[]).length);
  expect(ids.arraySync()).toEqual(stored.ids);
  const [embeddings] = model.predict([ids, mask]);
  const off = tf.max(tf.abs(tf.sub(embeddings as tf.Tensor, tf.tensor(stored.embeddings))));
  expect(off.dataSync()[0]).toBeLessThan(1e-5);
});

// Tunes the encoder with LoRA and saves it in both ways: tsx save.ts <folder> [texts per class]
// - adapter_config.json and adapter_model.safetensors: the adapter, as HF PEFT reads it for `AutoModel`,
// - config.json and model.safetensors: the encoder with the adapter merged into its weights, as transformers reads it,
// - predictions.json: the head and the logits of some texts, for test/check_peft.py.
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openBackend } from "@graftjs/backend";
import { wasmBackend } from "@graftjs/backend-wasm";
import { adam } from "@graftjs/core";
import { type AdapterHandle, lora } from "@graftjs/lora";
import { writePeft } from "@graftjs/lora/peft";
import { fineTune, writeSafetensors } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { textClassifier } from "./classifier.ts";
import { checkpointTensors, FOLDER, readConfig, readTokenizer, readWeights } from "./minilm.ts";
import { readTopics, TOPICS } from "./topics.ts";

const [TOKENS, SHOWN] = [32, 8];
const [folder = "files/saved", perClass = "20"] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const session = await openBackend([wasmBackend()]);
const { train, test } = readTopics(Number(perClass), SHOWN);
const encode = readTokenizer();
const model = textClassifier(readConfig(), readWeights(), TOPICS.length, TOKENS);
const adapter = lora({ rank: 4, alpha: 4, target: { include: ["**/query/kernel", "**/value/kernel"] } });
let handle: AdapterHandle | undefined;
const result = await fineTune(model, {
  data: { xs: { ...encode(train.texts, TOKENS) }, ys: tf.tensor1d([...train.topics], "int32") },
  loss: "sparseSoftmaxCrossEntropy",
  patches: [{ ...adapter, apply: (target) => (handle = adapter.apply(target)) }],
  trainable: { include: ["role:lora_a", "role:lora_b", "head"] },
  ...{ rule: adam(), learningRate: 0.001, epochs: 1, batchSize: 8, seed: 1 },
});
const shown = encode(test.texts.slice(0, SHOWN), TOKENS);
const logits = (): number[][] => (model.predict([shown.ids, shown.mask])[0] as tf.Tensor2D).arraySync();
const adapted = logits();
const files = await writePeft(handle as AdapterHandle, { baseModel: "sentence-transformers/all-MiniLM-L6-v2" });
for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);

// Merges the adapter for good. The model now computes the same without it.
result.mergeAndUnload();
const encoder = model.weights.filter(({ layer }) => layer !== "head");
writeFileSync(
  join(folder, "model.safetensors"),
  writeSafetensors(checkpointTensors(encoder), new Map([["format", "pt"]])),
);
copyFileSync(join(FOLDER, "config.json"), join(folder, "config.json"));
const head = Object.fromEntries(
  model.weights.filter(({ layer }) => layer === "head").map(({ role, variable }) => [role, variable.arraySync()]),
);
const stored = { ids: shown.ids.arraySync(), head, adapted, merged: logits() };
writeFileSync(join(folder, "predictions.json"), JSON.stringify(stored));
const off = Math.max(...stored.merged.flat().map((value, i) => Math.abs(value - (adapted.flat()[i] as number))));
console.log(`Saved to ${folder}. Merged and adapted logits differ by at most ${off.toExponential(1)}.`);
await session.dispose();

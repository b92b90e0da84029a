// Tunes all-MiniLM-L6-v2 on six topics: head only, with LoRA, and all weights. With --spam it tells spam from other mails instead.
// Run fetch.sh first. Names of methods as arguments select some. With --write the table goes into results.json and the README.
import { availableParallelism } from "node:os";
import { openBackend } from "@graftjs/backend";
import { wasmBackend } from "@graftjs/backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { textClassifier } from "./classifier.ts";
import { type Examples, METHODS, type Row, tune } from "./methods.ts";
import { isFetched, readConfig, readTokenizer, readWeights } from "./minilm.ts";
import { MAIL_CLASSES, readMails } from "./spam.ts";
import { table, writeResults } from "./table.ts";
import { type Labelled, readTopics, TOPICS } from "./topics.ts";

const TOKENS = 32;

if (!isFetched()) throw new Error("files/model is missing. Run `npm run fetch` first: it downloads 85 MB.");
const names = process.argv.slice(2).filter((name) => !name.startsWith("--"));
const threads = Math.min(2, availableParallelism());
const session = await openBackend([wasmBackend({ threads })]);
const encode = readTokenizer();
const examples = ({ texts, topics }: Labelled): Examples => ({
  xs: encode(texts, TOKENS),
  ys: tf.tensor1d([...topics], "int32"),
});
const spam = process.argv.includes("--spam");
const [classes, texts] = spam ? [MAIL_CLASSES, readMails(60, 300)] : [TOPICS, readTopics(60, 100)];
const [train, test] = [examples(texts.train), examples(texts.test)];
console.log(`${train.ys.size} texts to train on, ${test.ys.size} to test, ${classes.length} classes`);

const rows: Row[] = [];
for (const name of names.length > 0 ? names : Object.keys(METHODS)) {
  const model = textClassifier(readConfig(), readWeights(), classes.length, TOKENS);
  rows.push(await tune(model, name, train, test));
  tf.dispose(model.weights.map(({ variable }) => variable));
  console.log(table(rows.slice(-1)));
  if (process.argv.includes("--write")) {
    writeResults(spam ? "spam" : "topics", { node: process.version, threads, rows });
  }
}
await session.dispose();

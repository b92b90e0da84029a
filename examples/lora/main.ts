/**
 * `pnpm --filter example-lora start` trains two adapters for one base model of digits: one for inverted pictures, one for pictures
 * with a quarter turn. Then it switches between them, and predicts one batch in which each row has its own adapter.
 */
import { join } from "node:path";
import { wasmBackend } from "@graftjs/backend-wasm";
import { adam } from "@graftjs/core";
import { frozenBatchNorm } from "@graftjs/frozen-bn";
import { lora, namedAdapters } from "@graftjs/lora";
import { applyDelta, fineTune, loadModel, saveDelta } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { type Digits, digits } from "./data.ts";

const short = process.argv.includes("--short");
const [PER_DIGIT, EPOCHS, TEST] = short ? [20, 4, 20] : [100, 10, 100];
// The convolutions of the last two blocks. The blocks before them are computed once and cached.
const adapter = lora({ target: "block[23]_conv*/kernel", rank: 4 });

await wasmBackend().init();
const { layers: model } = await loadModel(join(import.meta.dirname, "../quickstart/base/model.json"));
if (!model) throw new Error("The base is not a LayersModel.");
const tests = {
  plain: digits("plain", 800, TEST),
  inverted: digits("inverted", 800, TEST),
  turned: digits("turned", 800, TEST),
};

const deltas: Record<string, Uint8Array> = {};
for (const domain of ["inverted", "turned"] as const) {
  const started = performance.now();
  const result = await fineTune(model, {
    data: digits(domain, 0, PER_DIGIT),
    loss: "categoricalCrossentropy",
    // Without frozen statistics, each run would move the statistics of the base that the adapters share.
    patches: [frozenBatchNorm(), adapter],
    trainable: ["role:lora_a", "role:lora_b"],
    rule: adam(),
    learningRate: 0.003,
    epochs: EPOCHS,
    batchSize: 16,
  });
  deltas[domain] = await saveDelta(model, result);
  result.restore();
  const size = ((deltas[domain] as Uint8Array).length / 1024).toFixed(0);
  console.log(`${domain}: ${((performance.now() - started) / 1000).toFixed(1)} s, ${size} KiB`);
}

const adapters = namedAdapters(model);
for (const [name, delta] of Object.entries(deltas))
  applyDelta(model, delta, { params: adapters.add(name, adapter).added });

console.log("\naccuracy    plain  inverted  turned");
for (const name of [undefined, ...adapters.names]) {
  adapters.use(...(name === undefined ? [] : [name]));
  const cells = Object.values(tests).map((test) => `${(100 * accuracy(model, test)).toFixed(1)} %`.padStart(8));
  console.log(`${(name ?? "base").padEnd(9)}${cells.join("")}`);
}

const mixed = tf.concat([tests.plain.xs, tests.inverted.xs, tests.turned.xs]) as tf.Tensor4D;
const ys = tf.concat([tests.plain.ys, tests.inverted.ys, tests.turned.ys]) as tf.Tensor2D;
const rows = [undefined, "inverted", "turned"].flatMap((name) => Array<string | undefined>(5 * TEST).fill(name));
const right = adapters.forRows(rows, () => accuracy(model, { xs: mixed, ys }, mixed.shape[0]));
console.log(`\nOne batch of all three, each row with its adapter: ${(100 * right).toFixed(1)} %`);

/** Returns the share of pictures whose most probable class is right. */
function accuracy(net: tfl.LayersModel, { xs, ys }: Digits, batchSize = 256): number {
  return tf.tidy(() => {
    const classes = tf.argMax(net.predict(xs, { batchSize }) as tf.Tensor2D, 1);
    return tf.mean(tf.cast(tf.equal(classes, tf.argMax(ys, 1)), "float32")).dataSync()[0] as number;
  });
}

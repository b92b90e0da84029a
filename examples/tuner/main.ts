// Pretrains a small network on the digits 0 to 4 and fine-tunes its last block and a new head on 5 to 9. Stops a second run in the
// middle, resumes it from the checkpoint, and shows that the result equals the uninterrupted run. Then saves and applies a delta.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wasmBackend } from "@graftjs/backend-wasm";
import { adam, namedWeights } from "@graftjs/core";
import {
  applyDelta,
  type FineTuneOptions,
  fineTune,
  fingerprint,
  fingerprintDigest,
  formatPlan,
  htmlReport,
  jsonl,
  planFineTune,
  progress,
  saveDelta,
  writeFileAtomic,
} from "@graftjs/tuner";
import type * as layers from "@tensorflow/tfjs-layers";
import { digits } from "./digits.ts";
import { net } from "./net.ts";
import { settings, underNewHead } from "./settings.ts";

await wasmBackend().init();
const folder = mkdtempSync(join(tmpdir(), "graft-tuner-"));

console.log("Pretraining on 0 to 4 ...");
const base = net();
const pretrained = await fineTune(base, {
  data: digits(0, 0, 200),
  loss: "categoricalCrossentropy",
  trainable: "all",
  rule: adam(),
  learningRate: 0.01,
  epochs: 3,
  observers: [progress()],
});
pretrained.restore();
const weights = namedWeights(base).map(({ variable }) => variable.clone());

/** Creates the pretrained network with a new head. Its weights are the same in each call. */
function start(): layers.LayersModel {
  const model = net();
  namedWeights(model).forEach(({ variable }, i) => void variable.assign(weights[i] as (typeof weights)[0]));
  return underNewHead(model);
}

const data = digits(5, 0, 60);
const options: FineTuneOptions = {
  ...settings(),
  data,
  validation: digits(5, 300, 100),
  epochs: 6,
  metrics: ["accuracy"],
};
console.log(`\n${formatPlan(await planFineTune(start(), options, { limit: 100e6 }))}\n`);

const whole = start();
const uninterrupted = await fineTune(whole, { ...options, observers: [progress()] });
uninterrupted.restore();

console.log("\nThe same run again, stopped after 25 steps ...");
const checkpoint = { to: join(folder, "checkpoints"), everySteps: 5, resume: true };
const stopped = await fineTune(start(), { ...options, checkpoint, maxSteps: 25 });
stopped.restore();
console.log(`... and resumed by a new model from ${readdirSync(checkpoint.to).at(-1)}`);
const model = start();
const observers = [jsonl({ to: join(folder, "run.jsonl") }), htmlReport({ to: join(folder, "report.html") })];
const resumed = await fineTune(model, { ...options, checkpoint, observers });
resumed.restore();
const print = async (m: layers.LayersModel): Promise<string> => fingerprintDigest(await fingerprint(namedWeights(m)));
console.log(`weights bit-identical to the uninterrupted run: ${(await print(model)) === (await print(whole))}`);

const bytes = await saveDelta(model, resumed, { recipe: { trainable: options.trainable } });
await writeFileAtomic(join(folder, "delta.safetensors"), bytes);
const fresh = start();
applyDelta(fresh, bytes);
console.log(
  `delta of ${bytes.length} bytes on a new base gives the same model: ${(await print(fresh)) === (await print(model))}`,
);
console.log(`accuracy on 500 new digits: ${resumed.history.val_acc?.at(-1)?.toFixed(3)}`);
// `--keep` leaves the files for a look at the report.
const keep = process.argv.includes("--keep");
console.log(`written to ${folder}: ${readdirSync(folder).join(", ")}${keep ? "" : " (deleted now; kept with --keep)"}`);
if (!keep) rmSync(folder, { recursive: true });
process.exit(0);

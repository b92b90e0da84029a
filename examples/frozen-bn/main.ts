// Fine-tunes a MobileNetV2 on emoji, with stock tfjs and with frozen batch norm. `--short` makes it short enough for a test; `--write`
// writes results.json.
import { writeFileSync } from "node:fs";
import { wasmBackend } from "@graftjs/backend-wasm";
import { domainReport, formatDomainReport } from "@graftjs/frozen-bn";
import { emoji } from "./data.ts";
import { build, type Outcome, run } from "./train.ts";

const short = process.argv.includes("--short");
const [perClass, testPerClass, epochs, seeds] = short ? [8, 8, 1, [1]] : [40, 40, 3, [1, 2, 3]];

await wasmBackend().init();
const { train, test } = emoji(perClass, testPerClass);

const base = await build(1);
console.log("How far do emoji differ from the training data of the backbone?\n");
console.log(formatDomainReport(await domainReport(base, train.xs, { batches: short ? 1 : 8 })));
base.dispose();

console.log(`\n${train.xs.shape[0]} pictures, ${epochs} epoch(s), batches of 8; test on ${test.xs.shape[0]} others\n`);
console.log("seed  batch norm  test acc.  train acc.  loss     ms/step  peak MiB  statistics  carried over");
const runs: (Outcome & { seed: number; frozen: boolean })[] = [];
for (const seed of seeds) {
  for (const frozen of [false, true]) {
    const outcome = await run(train, test, { frozen, seed, epochs, batchSize: 8 });
    runs.push({ seed, frozen, ...outcome });
    console.log(
      [
        String(seed).padEnd(4),
        (frozen ? "frozen" : "stock").padEnd(10),
        `${(outcome.accuracy * 100).toFixed(1)} %`.padStart(9),
        `${(outcome.trainAccuracy * 100).toFixed(1)} %`.padStart(10),
        outcome.loss.toFixed(4),
        outcome.millisecondsPerStep.toFixed(0).padStart(8),
        (outcome.peakBytes / 2 ** 20).toFixed(0).padStart(8),
        (outcome.statisticsMoved ? "moved" : "unmoved").padEnd(10),
        outcome.carriedOver === 0 ? "bit for bit" : `off by ${outcome.carriedOver.toFixed(4)}`,
      ].join("  "),
    );
  }
}
if (process.argv.includes("--write"))
  writeFileSync(new URL("./results.json", import.meta.url), `${JSON.stringify({ runs }, null, 2)}\n`);

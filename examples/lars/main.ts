/**
 * `pnpm --filter example-lars start` trains on digits in batches of 1,024, with momentum SGD and with LARS, from the same
 * weights. It prints both curves and the ratios of LARS. The rates are the best that sweep.ts found for each rule.
 * `--short` trains for three epochs instead of six.
 */
import { wasmBackend } from "@graftjs/backend-wasm";
import { chart } from "./chart.ts";
import { digits } from "./data.ts";
import { type Run, train } from "./train.ts";

const EPOCHS = process.argv.includes("--short") ? 3 : 6;
const BATCH = 1024;
const PEAKS = { sgd: 0.4, lars: 2 };

await wasmBackend().init();
const data = digits(1);
console.log(`${data.train.xs.shape[0]} digits in batches of ${BATCH}, ${EPOCHS} epochs, the paper's schedule.\n`);
const runs: Record<string, Run> = {};
for (const rule of ["sgd", "lars"] as const) {
  runs[rule] = await train(data, { rule, peak: PEAKS[rule], batchSize: BATCH, epochs: EPOCHS, seed: 1 });
}
const { sgd, lars } = runs as { sgd: Run; lars: Run };

console.log("epoch   SGD loss  accuracy   LARS loss  accuracy");
for (let epoch = 0; epoch < EPOCHS; epoch++) {
  const cells = [sgd, lars].flatMap(({ losses, accuracies }) => [
    losses[epoch]?.toFixed(3) ?? "",
    `${(100 * (accuracies[epoch] ?? Number.NaN)).toFixed(1)} %`,
  ]);
  const [a, b, c, d] = cells as [string, string, string, string];
  console.log(`${epoch + 1}`.padEnd(8) + a.padStart(8) + b.padStart(10) + c.padStart(12) + d.padStart(10));
}
console.log(`\nTraining loss, log scale: s SGD, L LARS, * both\n${chart({ s: sgd.losses, L: lars.losses })}`);
console.log(`\nLARS, last step\n${lars.report}`);
console.log(`\nSGD ${sgd.seconds.toFixed(0)} s, LARS ${lars.seconds.toFixed(0)} s.`);

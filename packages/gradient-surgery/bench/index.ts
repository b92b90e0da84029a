/**
 * `pnpm bench surgery`: what a combiner costs beside the backward passes it needs, on MobileNetV2 with wasm; the small
 * problem on the host by itself; how exact each method is; 2,000 steps of each without a leak. Writes results.json.
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import "@tensorflow/tfjs-backend-cpu";
import { wasmBackend } from "@graftjs/backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { combiners } from "./combiners.ts";
import { cost } from "./cost.ts";
import { exactness } from "./exactness.ts";
import { leaks } from "./leaks.ts";
import { solving } from "./solving.ts";

const exact = exactness();
console.log("worst error against the oracle, relative to ‖output‖");
for (const [name, { worst, cases }] of Object.entries(exact))
  console.log(`  ${name.padEnd(20)} ${worst.toExponential(1)} (${cases} matrices)`);

const solve = solving();
console.log("the problem on the host, ms a step, for 2, 4 and 8 tasks");
for (const [name, ms] of Object.entries(solve))
  console.log(`  ${name.padEnd(20)} ${ms.map((v) => v.toFixed(3)).join("  ")}`);

await tf.setBackend("cpu");
const leaked = await leaks(2000);
console.log(`2,000 steps each of ${Object.keys(combiners).length} combiners: ${JSON.stringify(leaked)} tensors left`);

await wasmBackend().init();
const costs = [];
for (const [name, tasks] of [
  ["mean", 2],
  ["upgrad", 2],
  ["graddrop", 2],
  ["upgrad", 4],
] as const) {
  const result = await cost(combiners[name], tasks);
  costs.push({ combiner: name, ...result });
  const { passesMs, stepMs, ratio, gradientSets } = result;
  console.log(
    `${name}, ${tasks} tasks: ${passesMs} ms of processor time for the backward passes, ${stepMs} ms for the whole step: × ${ratio}; ` +
      `${gradientSets} gradient sets at the most`,
  );
}

const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version };
writeFileSync(
  new URL("results.json", import.meta.url),
  `${JSON.stringify({ machine, costs, solveMs: solve, exact, leaked }, null, 2)}\n`,
);

/**
 * `pnpm bench surgery` measures four parts and writes results.json: the cost of a combiner in addition to its backward passes
 * (MobileNetV2 on wasm), the time of the small problem on the host, the error of each method, and leaks over 2,000 steps.
 * `pnpm bench surgery exact leaks` measures only the named parts. The numbers of the others stay.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import "@tensorflow/tfjs-backend-cpu";
import { wasmBackend } from "@graftjs/backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { combiners } from "./combiners.ts";
import { cost } from "./cost.ts";
import { exactness } from "./exactness.ts";
import { leaks } from "./leaks.ts";
import { solving } from "./solving.ts";

const file = new URL("results.json", import.meta.url);
const results = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>) : {};
const parts: { readonly [part: string]: () => Promise<object> } = {
  async exact() {
    const exact = exactness();
    console.log("largest error compared with the oracle, relative to ‖output‖");
    for (const [name, { worst, cases }] of Object.entries(exact)) {
      console.log(`  ${name.padEnd(20)} ${worst.toExponential(1)} (${cases} matrices)`);
    }
    return { exact };
  },
  async solve() {
    const solveMs = solving();
    console.log("the problem on the host, ms per step, for 2, 4 and 8 tasks");
    for (const [name, ms] of Object.entries(solveMs)) {
      console.log(`  ${name.padEnd(20)} ${ms.map((v) => v.toFixed(3)).join("  ")}`);
    }
    return { solveMs };
  },
  async cost() {
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
        `${name}, ${tasks} tasks: ${passesMs} ms of processor time for the backward passes, ${stepMs} ms for the whole ` +
          `step: × ${ratio}; at most ${gradientSets} gradient sets`,
      );
    }
    return { costs, machine: { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version } };
  },
  async leaks() {
    await tf.setBackend("cpu");
    const leaked = await leaks(2000);
    console.log(
      `tensors left after 2,000 steps of each of ${Object.keys(combiners).length} combiners: ${JSON.stringify(leaked)}`,
    );
    return { leaked };
  },
};

const selected = process.argv.slice(2);
for (const [name, part] of Object.entries(parts)) {
  if (selected.length > 0 && !selected.includes(name)) continue;
  Object.assign(results, await part());
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
}

/**
 * Runs the whole sweep on SIMD kernels: `pnpm --filter @graftjs/backend-wasm sweep`. Writes the result to bench/sweep.json under
 * this engine's level of SIMD. Run it in Node 20 for plain SIMD and in Node 24 for relaxed SIMD.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { wasmBackend } from "../src/index.ts";
import { simdLevel } from "../src/simd/module.ts";
import { sweep } from "../test/sweep.ts";

const LIMIT = 1e-5;

const session = await wasmBackend().init();
const started = performance.now();
const kernels = sweep(1);
const cases = Object.values(kernels).reduce((sum, { cases }) => sum + cases, 0);
const worst = Math.max(...Object.values(kernels).map(({ worst }) => worst));
for (const [name, { cases, worst, at }] of Object.entries(kernels)) {
  console.log(`${name.padEnd(36)} ${String(cases).padStart(6)} cases, worst ${worst.toExponential(1)} at ${at}`);
}
console.log(
  `${cases} cases, worst ${worst.toExponential(2)}, ${((performance.now() - started) / 1000).toFixed(0)} s; tensors left: ${tf.memory().numTensors}`,
);
const file = new URL("sweep.json", import.meta.url);
const known = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as object) : {};
const result = { node: process.version, backend: session.capabilities.description, cases, worst, kernels };
writeFileSync(file, `${JSON.stringify({ ...known, [simdLevel()]: result }, null, 2)}\n`);
if (!(worst <= LIMIT)) {
  console.error(`Worst error ${worst} is above ${LIMIT}.`);
  process.exitCode = 1;
}

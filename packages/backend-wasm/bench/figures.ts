/**
 * Measures figures of one thread and writes figures.json: `pnpm --filter @graftjs/backend-wasm figures`. They are the backward
 * pass against the forward pass of the nets in nets.ts, optimizers against a copy of the bytes that they must touch, and the
 * start-up in a new process.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { type AnyRule, adam, adamw, HookedOptimizer, namedParams, sgd } from "@graftjs/core";
import { lamb, larsMomentum } from "@graftjs/lars";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { build } from "esbuild";
import { fusedLayers, wasmBackend } from "../src/index.ts";
import { NETS } from "./nets.ts";

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
const round = (value: number): number => Number(value.toPrecision(3));

const bundle = fileURLToPath(new URL("../node_modules/.cache/start-up.cjs", import.meta.url));
await build({
  entryPoints: [fileURLToPath(new URL("start-up.ts", import.meta.url))],
  bundle: true,
  platform: "node",
  format: "cjs",
  outfile: bundle,
  logLevel: "silent",
});
const startUp = Array.from({ length: 10 }, () => {
  const output = execFileSync(process.execPath, [bundle], {
    encoding: "utf8",
    cwd: fileURLToPath(new URL("..", import.meta.url)),
  });
  const line = output.split("\n").find((text) => text.startsWith("{")) as string;
  return (JSON.parse(line) as { milliseconds: number }).milliseconds;
});
console.log(`start-up: ${median(startUp).toFixed(0)} ms, median of 10`);

const session = await wasmBackend().init();
const nets = Object.fromEntries(Object.keys(NETS).map((name) => [name, backwardAgainstForward(name)]));
const optimizers = Object.fromEntries(
  (
    [
      ["sgd", sgd({ momentum: 0.9 }), 5],
      ["adam", adam(), 7],
      ["adamw", adamw(), 7],
      // Norms are computed before the first write, so weights and gradients are read twice, and moments are written and read.
      ["lars", larsMomentum({ trustCoefficient: 0.001, momentum: 0.9, weightDecay: 1e-4 }), 7],
      ["lamb", lamb(), 10],
    ] as const
  ).map(([name, rule, passes]) => [name, againstCopy(name, rule as AnyRule, passes)]),
);
writeFileSync(
  new URL("figures.json", import.meta.url),
  `${JSON.stringify({ node: process.version, backend: session.capabilities.description, load: round(os.loadavg()[0] as number), startUp: { median: round(median(startUp)), best: round(Math.min(...startUp)) }, nets, optimizers }, null, 2)}\n`,
);
await import("./readme.ts");
process.exit(0);

/** Measures alternately the forward pass, and forward and backward pass together. In milliseconds. */
function backwardAgainstForward(name: string): object {
  const { model, x, y } = (NETS[name] as () => ReturnType<(typeof NETS)[string]>)();
  fusedLayers().apply(model as never);
  const weights = model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
  const loss = (): tf.Scalar =>
    tf.mean(tfl.metrics.categoricalCrossentropy(y, model.apply(x, { training: true }) as tf.Tensor)) as tf.Scalar;
  const times: { forward: number[]; both: number[] } = { forward: [], both: [] };
  for (let turn = -3; turn < 21; turn++) {
    let began = performance.now();
    tf.tidy(() => loss().dataSync());
    if (turn >= 0) times.forward.push(performance.now() - began);
    began = performance.now();
    const { value, grads } = tf.variableGrads(loss, weights);
    value.dataSync();
    if (turn >= 0) times.both.push(performance.now() - began);
    tf.dispose([value, ...Object.values(grads)]);
  }
  const [forward, both] = [median(times.forward), median(times.both)];
  const result = { forward: round(forward), backward: round(both - forward), ratio: round(both / forward - 1) };
  console.log(`${name}: ${JSON.stringify(result)}`);
  tf.dispose([x, y]);
  return result;
}

/**
 * Measures a step over 25 M numbers in 54 tensors, and a copy that reads and writes the same number of bytes. `passes`: reads and
 * writes of 4 bytes per number.
 */
function againstCopy(name: string, rule: AnyRule, passes: number): object {
  const model = tfl.sequential({
    layers: Array.from({ length: 27 }, (_, i) =>
      tfl.layers.dense({ units: 960, ...(i === 0 ? { inputShape: [960] } : {}), kernelInitializer: "ones" }),
    ),
  });
  const params = namedParams(model as never);
  const grads = Object.fromEntries(params.map(({ name: key, shape }) => [key, tf.fill([...shape], 1e-3)]));
  const numbers = params.reduce((sum, { shape }) => sum + tf.util.sizeFromShape([...shape]), 0);
  const optimizer = new HookedOptimizer({ params, learningRate: 1e-3, rule });
  // A copy of n numbers reads n and writes n.
  const from = new Float32Array((numbers * passes) / 2).fill(1);
  const to = new Float32Array(from.length);
  const times: { step: number[]; copy: number[] } = { step: [], copy: [] };
  for (let turn = -2; turn < 9; turn++) {
    let began = performance.now();
    optimizer.applyNamed(grads);
    if (turn >= 0) times.step.push(performance.now() - began);
    began = performance.now();
    to.set(from);
    if (turn >= 0) times.copy.push(performance.now() - began);
  }
  const [step, copy] = [median(times.step), median(times.copy)];
  const result = { passes, step: round(step), copy: round(copy), timesCopy: round(step / copy) };
  console.log(`${name}: ${JSON.stringify(result)}`);
  optimizer.dispose();
  tf.dispose(grads);
  model.dispose();
  return result;
}

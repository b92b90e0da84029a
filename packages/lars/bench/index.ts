/**
 * `pnpm bench lars` measures one LARS step (paper, momentum 0.9, decay 1e-4) on wasm, over the 158 tensors of MobileNetV2 and
 * the 161 of ResNet-50. It compares the fused path, the composed path on stock kernels, plain tfjs ops on stock kernels, and a
 * copy of the same bytes. They take turns in one process. It prints medians and fastest steps, and writes results.json.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import "@tensorflow/tfjs-backend-cpu";
import { cpus } from "node:os";
import { registerTrainingKernels, wasmBackend } from "@graftjs/backend-wasm";
import { HookedOptimizer, type Param, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { larsMomentum } from "../src/index.ts";
import { cases, worstError } from "../test/oracle-run.ts";
import { byHand } from "./by-hand.ts";
import { mobileNetV2, resNet50, type Shape } from "./networks.ts";

const OPTIONS = { trustCoefficient: 0.001, weightDecay: 1e-4, momentum: 0.9 };
const RATE = 0.1;
const session = await wasmBackend().init();
await session.dispose(); // Brings the stock kernels back. Each turn registers the kernels that it needs.

const NETWORKS = { MobileNetV2: [mobileNetV2, 31], "ResNet-50": [resNet50, 7] } as const;
const file = new URL("results.json", import.meta.url);
// If the command line names one network, only that one is measured. The numbers of the other stay.
const selected = process.argv.slice(2).filter((name) => name in NETWORKS);
const known = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { networks: object }).networks : {};
const networks: Record<string, object> = { ...known };
for (const [name, [shapes, rounds]] of Object.entries(NETWORKS)) {
  if (selected.length === 0 || selected.includes(name)) networks[name] = measure(shapes(), rounds);
}
await tf.setBackend("cpu");
const agreement = Object.entries(cases).map(([part, list]) => ({
  part,
  cases: list.length,
  worst: Math.max(...list.map(worstError)),
}));
for (const { part, cases: count, worst } of agreement)
  console.log(`${part}: ${count} runs of 50 steps, worst ${worst.toExponential(1)}`);

const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version };
writeFileSync(
  file,
  `${JSON.stringify({ machine, rule: "paper, momentum 0.9, decay 1e-4", networks, agreement }, null, 2)}\n`,
);

function measure(shapes: readonly Shape[], rounds: number): object {
  const count = shapes.reduce((sum, [, shape]) => sum + size(shape), 0);
  const grads = tensors(shapes, 0.01, 2);
  const [fused, composed, hand] = [1, 1, 1].map(() => parameters(shapes)) as [Param[], Param[], Param[]];
  const rule = (): ReturnType<typeof larsMomentum> => larsMomentum(OPTIONS);
  const ours = new HookedOptimizer({ params: fused, rule: rule(), learningRate: RATE });
  const stock = new HookedOptimizer({ params: composed, rule: rule(), learningRate: RATE });
  const { trustCoefficient: eta, weightDecay: decay, momentum } = OPTIONS;
  const manual = byHand(hand, { eta, decay, momentum });
  // The data that a step reads: weights, gradients and velocities.
  const bytes = new Float32Array(3 * count).fill(1);
  const copy = new Float32Array(3 * count);
  const turns: Readonly<Record<string, () => void>> = {
    fused: () => ours.applyNamed(grads),
    composed: () => stock.applyNamed(grads),
    byHand: () => manual.step(grads, RATE),
    copy: () => copy.set(bytes),
  };

  for (let step = 0; step < 2; step++) {
    withKernels(turns.fused as () => void);
    turns.composed?.();
    turns.byHand?.();
  }
  const difference = { composed: largestDifference(fused, composed), byHand: largestDifference(fused, hand) };

  const times: Record<string, number[]> = { fused: [], copy: [], composed: [], byHand: [] };
  const time = (name: string, repeats: number): void => {
    for (let i = 0; i < repeats; i++) {
      const start = performance.now();
      turns[name]?.();
      times[name]?.push(performance.now() - start);
    }
  };
  for (let round = 0; round < rounds; round++) {
    withKernels(() => time("fused", 5));
    time("copy", 5);
    if (round % 6 === 0) {
      time("composed", 1);
      time("byHand", 1);
    }
  }
  const result = {
    tensors: shapes.length,
    parameters: count,
    difference,
    median: figures((name) => median(times[name] as number[])),
    // Other programs on the machine slow down some steps, but rarely the fastest.
    fastest: figures((name) => Math.min(...(times[name] as number[]))),
  };
  console.log(JSON.stringify(result));
  ours.dispose();
  stock.dispose();
  manual.dispose();
  tf.dispose(grads as tf.NamedTensorMap);
  for (const { variable } of [...fused, ...composed, ...hand]) variable.dispose();
  return result;
}

/** Returns the times in milliseconds, and the ratios of the others to the fused step. */
function figures(timeOf: (name: string) => number): object {
  const ms = { fused: timeOf("fused"), copy: timeOf("copy"), composed: timeOf("composed"), byHand: timeOf("byHand") };
  return {
    ms: Object.fromEntries(Object.entries(ms).map(([name, value]) => [name, round(value)])),
    fasterThanComposed: round(ms.composed / ms.fused),
    fasterThanByHand: round(ms.byHand / ms.fused),
    timesCopy: round(ms.fused / ms.copy),
  };
}

function withKernels(turn: () => void): void {
  const registration = registerTrainingKernels();
  try {
    turn();
  } finally {
    registration.dispose();
  }
}

function parameters(shapes: readonly Shape[]): Param[] {
  const values = tensors(shapes, 0.05, 1);
  return shapes.map(([name, shape]) => {
    const [layer, role] = name.split("/") as [string, string];
    const variable = tf.variable(values[name] as tf.Tensor);
    (values[name] as tf.Tensor).dispose();
    return { name, layer, role, shape, unitAxes: [shape.length - 1], variable };
  });
}

function tensors(shapes: readonly Shape[], scale: number, seed: number): TensorMap {
  return Object.fromEntries(
    shapes.map(([name, shape], i) => {
      const values = Float32Array.from(
        { length: size(shape) },
        (_, j) => scale * Math.sin(j * 12.9898 + 78.233 * (i + seed)),
      );
      return [name, tf.tensor(values, [...shape])];
    }),
  );
}

/** Computes the largest difference of the weights, relative to the largest magnitude of their tensor. */
function largestDifference(a: readonly Param[], b: readonly Param[]): number {
  return Math.max(
    ...a.map(({ variable }, i) => {
      const [x, y] = [variable.dataSync(), (b[i] as Param).variable.dataSync()];
      let [worst, largest] = [0, 0];
      for (let j = 0; j < x.length; j++) {
        worst = Math.max(worst, Math.abs((x[j] as number) - (y[j] as number)));
        largest = Math.max(largest, Math.abs(y[j] as number));
      }
      return worst / largest;
    }),
  );
}

function size(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}

import { readFileSync } from "node:fs";
import { wasmBackend } from "@graftjs/backend-wasm";
import { HookedOptimizer, namedParams, namedWeights, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import { type FrozenBatchNormOptions, frozenBatchNorm } from "../src/index.ts";

interface Run {
  readonly losses: readonly number[];
  readonly weights: Readonly<Record<string, readonly number[]>>;
}
interface Oracle {
  readonly batch: number;
  readonly size: number;
  readonly classes: number;
  readonly steps: number;
  readonly rate: number;
  readonly momentum: number;
  readonly "torch-all": Run;
  readonly "torch-statistics": Run;
  readonly keras: Run;
}

const oracle = JSON.parse(readFileSync(new URL("./oracle.json", import.meta.url), "utf8")) as Oracle;
const { batch, size, classes, steps, rate, momentum } = oracle;

beforeAll(async () => {
  await wasmBackend().init();
});

/** The random generator of oracle.py. */
class Draws {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  array(length: number, scale = 1, shift = 0): Float32Array {
    return Float32Array.from({ length }, () => {
      this.#state = (this.#state * 1664525 + 1013904223) % 2 ** 32;
      return (this.#state / 2 ** 31 - 1) * scale + shift;
    });
  }
}

/** Makes the ResNet of oracle.py, with the same initial weights. */
function resnet(epsilon: number): tfl.LayersModel {
  const conv = (name: string): tfl.layers.Layer =>
    tfl.layers.conv2d({ filters: 6, kernelSize: 3, padding: "same", useBias: false, name });
  const norm = (name: string): tfl.layers.Layer => tfl.layers.batchNormalization({ momentum: 0.9, epsilon, name });
  const chain = (x: tfl.SymbolicTensor, ...layers: tfl.layers.Layer[]): tfl.SymbolicTensor =>
    layers.reduce((value, layer) => layer.apply(value) as tfl.SymbolicTensor, x);
  const input = tfl.input({ shape: [size, size, 3] });
  const a = chain(input, conv("c1"), norm("n1"), tfl.layers.reLU());
  const b = chain(a, conv("c2"), norm("n2"), tfl.layers.reLU());
  const c = tfl.layers.add().apply([chain(b, conv("c3"), norm("n3")), a]) as tfl.SymbolicTensor;
  const pool = tfl.layers.globalAveragePooling2d({ name: "pool" } as never);
  const head = tfl.layers.dense({ units: classes, activation: "softmax", name: "head" });
  const model = tfl.model({ inputs: input, outputs: chain(c, tfl.layers.reLU(), pool, head) });
  const draws = new Draws(1);
  const scales: Readonly<Record<string, readonly [number, number]>> = {
    kernel: [0.4, 0],
    gamma: [0.5, 1],
    beta: [0.3, 0],
    moving_mean: [0.5, 0],
    moving_variance: [0.5, 1],
    "head/kernel": [0.5, 0],
    "head/bias": [0.1, 0],
  };
  const order = ["c1", "n1", "c2", "n2", "c3", "n3", "head"];
  const weights = namedWeights(model);
  for (const layer of order) {
    for (const { name, role, variable } of weights.filter((weight) => weight.layer === layer)) {
      const [scale, shift] = (scales[name] ?? scales[role]) as readonly [number, number];
      tf.tidy(() => variable.assign(tf.tensor(draws.array(variable.size, scale, shift), variable.shape)));
    }
  }
  return model;
}

async function run(model: tfl.LayersModel): Promise<Run> {
  const optimizer = new HookedOptimizer({ params: namedParams(model), rule: sgd({ momentum }), learningRate: rate });
  model.compile({ optimizer, loss: "categoricalCrossentropy" });
  const draws = new Draws(2);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const x = tf.tensor(draws.array(batch * size * size * 3, 2, 0.5), [batch, size, size, 3]);
    const labels = Array.from({ length: batch }, (_, i) => (step + i) % classes);
    const y = tf.tidy(() => tf.oneHot(tf.tensor1d(labels, "int32"), classes));
    losses.push((await model.trainOnBatch(x, y)) as number);
    tf.dispose([x, y]);
  }
  optimizer.dispose();
  const weights = namedWeights(model).map(({ name, variable }) => [name, [...variable.dataSync()]] as const);
  return { losses, weights: Object.fromEntries(weights) };
}

/** Returns the largest difference of a loss or weight. */
function compare(got: Run, expected: Run): number {
  expect(Object.keys(got.weights).sort()).toEqual(Object.keys(expected.weights).sort());
  const pairs = [["losses", expected.losses] as const, ...Object.entries(expected.weights)];
  const errors = pairs.map(([name, values]) => {
    const found = name === "losses" ? got.losses : (got.weights[name] as readonly number[]);
    return Math.max(...values.map((value, i) => Math.abs(value - (found[i] as number))));
  });
  return Math.max(...errors);
}

const cases: readonly [
  keyof Oracle & ("torch-all" | "torch-statistics" | "keras"),
  FrozenBatchNormOptions,
  string[],
][] = [
  ["torch-all", { preset: "all" }, []],
  ["torch-statistics", { preset: "statistics" }, []],
  ["keras", { preset: "keras" }, ["n1", "n3"]],
];

const runs = [
  ["cpu", "exact"],
  ["wasm", "exact"],
  ["wasm", "folded"],
  ["wasm", "off"],
] as const;

describe("20 steps of SGD with momentum on a small ResNet end within 1e-5 of", () => {
  for (const [name, options, frozen] of cases) {
    // Filter gradients take seconds on cpu. So only one case runs there.
    for (const [backend, blocks] of runs.filter(([backend]) => backend === "wasm" || name === "torch-statistics")) {
      it(`${name}, blocks: ${blocks}, on ${backend}`, async () => {
        await tf.setBackend(backend);
        const model = resnet(name === "keras" ? 1e-3 : 1e-5);
        for (const layer of frozen) model.getLayer(layer).trainable = false;
        frozenBatchNorm({ ...options, blocks }).apply(model);
        expect(compare(await run(model), oracle[name])).toBeLessThan(1e-5);
        model.dispose();
      });
    }
  }
});

it("stock tfjs differs by more than 0.05, because it normalizes by the batch", async () => {
  const model = resnet(1e-5);
  expect(compare(await run(model), oracle["torch-statistics"])).toBeGreaterThan(0.05);
});

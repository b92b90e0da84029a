// Measures a step of HookedOptimizer beside tf.train's with the same rule: 160 parameters, on wasm, alternating in one
// process.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { adam, HookedOptimizer, type Param, sgd } from "../src/index.ts";

const COUNT = 160;
const ROUNDS = 40;
const STEPS = 5;
/** Sizes of a small and a middling convolutional net: most tensors are vectors, most numbers in kernels. */
const NETS: Readonly<Record<string, (i: number) => number[]>> = {
  "160 vectors of 64": () => [64],
  "80 kernels of 3×3×32×32, 80 vectors of 32": (i) => (i % 2 === 0 ? [3, 3, 32, 32] : [32]),
};
const RULES = {
  momentum: { stock: () => tf.train.momentum(0.01, 0.9), ours: () => sgd({ momentum: 0.9 }) },
  adam: { stock: () => tf.train.adam(0.01, 0.9, 0.999, 1e-8), ours: () => adam() },
};

interface Contender {
  readonly variables: readonly tf.Variable[];
  readonly optimizer: tf.Optimizer;
  readonly times: number[];
}

function contender(shapeOf: (i: number) => number[], make: (params: readonly Param[]) => tf.Optimizer): Contender {
  const params = Array.from({ length: COUNT }, (_, i): Param => {
    const shape = shapeOf(i);
    const variable = tf.tidy(() => tf.variable(tf.randomNormal(shape, 0, 1, "float32", i + 1)));
    return { name: `l${i}/kernel`, layer: `l${i}`, role: "kernel", shape, unitAxes: [0], variable };
  });
  return { variables: params.map(({ variable }) => variable), optimizer: make(params), times: [] };
}

function steps({ variables, optimizer }: Contender, grads: readonly tf.Tensor[]): number {
  const named = Object.fromEntries(variables.map((variable, i) => [variable.name, grads[i] as tf.Tensor]));
  const start = performance.now();
  for (let i = 0; i < STEPS; i++) tf.tidy(() => optimizer.applyGradients(named));
  return (performance.now() - start) / STEPS;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

export const conditions: object = {
  parameters: COUNT,
  backend: "stock wasm, one thread",
  tfjs: tf.version_core,
  rounds: ROUNDS - 8,
  stepsPerRound: STEPS,
};

export interface OverheadResult {
  readonly net: string;
  readonly rule: string;
  /** Median milliseconds of a step. */
  readonly stockMs: number;
  readonly oursMs: number;
  /** Median of the ratios of neighbouring rounds. */
  readonly ratio: number;
  readonly largestDifference: number;
}

export async function overhead(): Promise<readonly OverheadResult[]> {
  await tf.setBackend("wasm");
  const results: OverheadResult[] = [];
  for (const [net, shapeOf] of Object.entries(NETS)) {
    for (const [rule, { stock, ours }] of Object.entries(RULES)) {
      const grads = Array.from({ length: COUNT }, (_, i) => tf.randomNormal(shapeOf(i), 0, 0.1, "float32", 1000 + i));
      const theirs = contender(shapeOf, stock);
      const mine = contender(shapeOf, (params) => new HookedOptimizer({ params, rule: ours(), learningRate: 0.01 }));
      for (let round = 0; round < ROUNDS; round++) {
        for (const one of round % 2 === 0 ? [theirs, mine] : [mine, theirs]) {
          const time = steps(one, grads);
          // The first rounds compile.
          if (round >= 8) one.times.push(time);
        }
      }
      let difference = 0;
      for (const [i, variable] of theirs.variables.entries()) {
        difference = Math.max(
          difference,
          tf.tidy(() => tf.max(tf.abs(tf.sub(variable, mine.variables[i] as tf.Tensor))).dataSync()[0] as number),
        );
      }
      const [stockMs, oursMs] = [median(theirs.times), median(mine.times)];
      const ratios = theirs.times.map((time, i) => (mine.times[i] as number) / time);
      results.push({
        net,
        rule,
        stockMs: round(stockMs),
        oursMs: round(oursMs),
        ratio: round(median(ratios)),
        largestDifference: difference,
      });
      for (const one of [theirs, mine]) {
        one.optimizer.dispose();
        for (const variable of one.variables) variable.dispose();
      }
      tf.dispose(grads);
    }
  }

  return results;
}

function round(value: number): number {
  return Number(value.toFixed(3));
}

import { readFileSync } from "node:fs";
import { type AnyRule, HookedOptimizer } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { lamb, lambc, larsMomentum } from "../src/index.ts";
import { dispose, net, numbers, size } from "./sample.ts";

/** 50 steps of another implementation. See oracle.py. */
export interface OracleRun {
  readonly name: string;
  readonly rule: "larsMomentum" | "lamb" | "lambc";
  readonly options: object;
  readonly peak: number;
  readonly zeros: readonly string[];
  readonly weights: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
}

interface Stored {
  readonly cases: Readonly<Record<string, readonly OracleRun[]>>;
}
/** The stored runs, by group. */
export const cases: Stored["cases"] = (
  JSON.parse(readFileSync(new URL("oracle.json", import.meta.url), "utf8")) as Stored
).cases;
const rules = { larsMomentum, lamb, lambc } as Readonly<Record<OracleRun["rule"], (options: object) => AnyRule>>;

/**
 * Repeats a run with Graft on the current backend. Returns the largest difference, relative to the largest magnitude of its
 * tensor. Frees all tensors.
 */
export function worstError(run: OracleRun): number {
  const params = net(run.zeros);
  const rate = (t: number): number => run.peak * (t < 5 ? (t + 1) / 5 : (1 - (t - 5) / 45) ** 2);
  const optimizer = new HookedOptimizer({ params, rule: rules[run.rule](run.options), learningRate: rate });
  const targets = params.map(({ shape }, i) => tf.tensor(numbers(100 + i, size(shape)), [...shape]));
  let worst = 0;
  for (let step = 0; step < 50; step++) {
    tf.tidy(() => {
      const grads = params.map(({ name, variable, shape }, i) => {
        const noise = tf.tensor(numbers(1000 * (step + 1) + i, size(shape)), [...shape]);
        const pull = tf.mul(tf.sub(variable, targets[i] as tf.Tensor), 0.5);
        return [name, tf.add(pull, tf.mul(noise, 0.1))];
      });
      optimizer.applyNamed(Object.fromEntries(grads));
    });
    const expected = run.weights[step + 1];
    for (const { name, variable } of expected ? params : []) {
      const [got, want] = [variable.dataSync(), expected?.[name] as readonly number[]];
      const largest = Math.max(...want.map(Math.abs));
      for (const [i, x] of want.entries()) worst = Math.max(worst, Math.abs(x - (got[i] as number)) / largest);
      if (got.some(Number.isNaN)) worst = Number.NaN;
    }
  }
  optimizer.dispose();
  tf.dispose(targets);
  dispose(params);
  return worst;
}

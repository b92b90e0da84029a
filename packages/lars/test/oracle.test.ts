import { readFileSync } from "node:fs";
import "@tensorflow/tfjs-backend-cpu";
import { type AnyRule, HookedOptimizer } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import { lamb, lambc, larsMomentum } from "../src/index.ts";
import { dispose, net, numbers, size } from "./sample.ts";

interface Case {
  readonly name: string;
  readonly rule: "larsMomentum" | "lamb" | "lambc";
  readonly options: object;
  readonly peak: number;
  readonly zeros: readonly string[];
  readonly weights: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
}
const { cases } = JSON.parse(readFileSync(new URL("oracle.json", import.meta.url), "utf8")) as {
  cases: Readonly<Record<string, readonly Case[]>>;
};
const rules = { larsMomentum, lamb, lambc } as Readonly<Record<Case["rule"], (options: object) => AnyRule>>;

beforeEach(() => tf.setBackend("cpu"));

describe("50 steps over kernels, biases and a rate that changes, within 1e-5 of float64", () => {
  for (const one of Object.values(cases).flat()) {
    it(one.name, () => {
      const before = tf.memory().numTensors;
      const params = net(one.zeros);
      const rate = (t: number): number => one.peak * (t < 5 ? (t + 1) / 5 : (1 - (t - 5) / 45) ** 2);
      const optimizer = new HookedOptimizer({ params, rule: rules[one.rule](one.options), learningRate: rate });
      const targets = params.map(({ shape }, i) => tf.tensor(numbers(100 + i, size(shape)), [...shape]));
      for (let step = 0; step < 50; step++) {
        tf.tidy(() => {
          const grads = params.map(({ name, variable, shape }, i) => {
            const noise = tf.tensor(numbers(1000 * (step + 1) + i, size(shape)), [...shape]);
            const pull = tf.mul(tf.sub(variable, targets[i] as tf.Tensor), 0.5);
            return [name, tf.add(pull, tf.mul(noise, 0.1))];
          });
          optimizer.applyNamed(Object.fromEntries(grads));
        });
        const expected = one.weights[step + 1];
        for (const { name, variable } of expected ? params : []) {
          const [got, want] = [variable.dataSync(), expected?.[name] as readonly number[]];
          const worst = Math.max(...want.map((x, i) => Math.abs(x - (got[i] as number))));
          expect(worst / Math.max(...want.map(Math.abs)), `${name} after step ${step + 1}`).toBeLessThan(1e-5);
        }
      }
      optimizer.dispose();
      tf.dispose(targets);
      dispose(params);
      expect(tf.memory().numTensors).toBe(before);
    });
  }
});

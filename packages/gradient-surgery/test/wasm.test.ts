import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import { wasmBackend } from "@graftjs/backend-wasm";
import {
  type AnyCombiner,
  gradientDescent,
  HookedOptimizer,
  NonFiniteError,
  type Param,
  taskTrainer,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import { graddrop, nashMtl, pcgrad, upgrad } from "../src/index.ts";
import { jacobian, off } from "./jacobians.ts";

beforeAll(async () => {
  await wasmBackend().init();
});

/** Takes one step with the rows as the gradients of three tasks. Returns the decrease of each weight. */
async function step(backend: string, combiner: AnyCombiner, rows: readonly (readonly number[])[]): Promise<number[]> {
  await tf.setBackend(backend);
  const start = tf.memory().numTensors;
  const variable = tf.tidy(() => tf.variable(tf.zeros([5, 4])));
  const params: Param[] = [{ name: "a/kernel", layer: "a", role: "kernel", shape: [5, 4], unitAxes: [1], variable }];
  const trainer = taskTrainer({
    optimizer: new HookedOptimizer({ params, rule: gradientDescent(), learningRate: 1 }),
    combiner,
  });
  const losses = rows.map((row, i) => [`t${i}`, () => tf.sum(tf.mul(variable, tf.tensor(row, [5, 4]))) as tf.Scalar]);
  try {
    tf.dispose((await trainer.step(Object.fromEntries(losses))) as tf.NamedTensorMap);
    return [...variable.dataSync()].map((v) => -v);
  } finally {
    trainer.dispose();
    variable.dispose();
    expect(tf.memory().numTensors).toBe(start);
  }
}

// The tolerance is that of the oracle tests: rows that nearly cancel lose digits in float32.
it("wasm gives the same update as cpu, at 1e-10, 1 and 1e10, and leaves no tensor", async () => {
  for (const make of [pcgrad, upgrad, nashMtl, graddrop]) {
    for (const scale of [1e-10, 1, 1e10]) {
      const rows = jacobian("conflicting", 4, 3, 20, [scale, scale, scale]);
      expect(off(await step("wasm", make(), rows), await step("cpu", make(), rows))).toBeLessThan(1e-5);
    }
  }
});

it("wasm names the task with a gradient that is not finite", async () => {
  for (const bad of [Number.NaN, Infinity, -Infinity]) {
    for (const make of [pcgrad, graddrop]) {
      const rows = jacobian("plain", 4, 3, 20, [1, 1, 1]);
      (rows[1] as number[])[7] = bad;
      const done = step("wasm", make(), rows);
      await expect(done).rejects.toThrow(NonFiniteError);
      await expect(done).rejects.toThrow("task `t1` is not finite");
    }
  }
});

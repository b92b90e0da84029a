import "@tensorflow/tfjs-backend-cpu";
import { HookedOptimizer, sgd, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { gradualUnfreeze } from "../../src/index.ts";
import { info } from "./once.ts";

let start = 0;
beforeEach(async () => {
  await tf.setBackend("cpu");
  start = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(start));

describe("gradual-unfreeze", () => {
  it("trains group after group, keeps the state of frozen groups, and depends only on the epoch", () => {
    const infos = ["body", "neck", "head"].map((layer) => info(`${layer}/kernel`, [2], [0]));
    const params = infos.map((param) => ({ ...param, variable: tf.tidy(() => tf.variable(tf.ones([2]))) }));
    const optimizer = new HookedOptimizer({ params, rule: sgd({ momentum: 0.9 }), learningRate: 0.1 });
    const schedule = gradualUnfreeze(optimizer, { groups: ["head/**", "neck/**", "body/**"], every: 2 });
    const active = (): string[] => optimizer.active.map(({ layer }) => layer);
    const trained = [0, 1, 2, 4, 9].map((epoch) => {
      schedule.atEpoch(epoch);
      return active().join();
    });
    expect(trained).toEqual(["head", "head", "neck,head", "body,neck,head", "body,neck,head"]);
    schedule.runStart?.({ params: infos, epochs: 9, stepsPerEpoch: 10, batchSize: 1, step: 25 });
    expect(active()).toEqual(["neck", "head"]);
    const grads = Object.fromEntries(infos.map(({ name }) => [name, tf.ones([2])]));
    optimizer.applyNamed(grads);
    const velocity = (): unknown =>
      (optimizer.state as unknown as { rule: { velocity: TensorMap } }).rule.velocity["neck/kernel"]?.dataSync()[0];
    schedule.atEpoch(0);
    optimizer.applyNamed(grads);
    expect(velocity()).toBe(1);
    expect(params.map(({ variable }) => Number((variable.dataSync()[0] as number).toFixed(3)))).toEqual([1, 0.9, 0.71]);
    expect(() => gradualUnfreeze(optimizer, { groups: ["hed/**"] })).toThrow(/Did you mean `head`/);
    optimizer.dispose();
    tf.dispose([...Object.values(grads), ...params.map(({ variable }) => variable)]);
  });
});

import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import { type AnyCombiner, HookedOptimizer, type Param, sgd, taskTrainer } from "../src/index.ts";
import { disposeAll, params } from "./nets.ts";

beforeEach(() => tf.setBackend("cpu"));

const start = { "body/kernel": [1, 2, 3], "head/kernel": [0.5, -0.5] };
const read = (held: readonly Param[]): number[][] => held.map(({ variable }) => [...variable.dataSync()]);
const combiner: AnyCombiner = {
  name: "sum",
  init: () => null,
  weigh: (_, tasks) => ({ weights: Float64Array.from(tasks, () => 1), state: null }),
};

describe("a loss that throws", () => {
  const failures: Record<string, (loss: tf.Scalar) => tf.Scalar> = {
    "after its last op": () => {
      throw new Error("late");
    },
    "on its way back": (loss) =>
      tf.customGrad((x) => ({
        value: tf.exp(x as tf.Tensor),
        gradFunc: () => {
          throw new Error("late");
        },
      }))(loss) as tf.Scalar,
    "by reaching no variable": () => tf.scalar(1),
    "by its shape": (loss) => tf.stack([loss, loss]) as never,
  };
  for (const [how, fail] of Object.entries(failures)) {
    it(`${how}: leaves no tensor and no weight changed, in minimize, computeGradients and a step over tasks`, async () => {
      const before = tf.memory().numTensors;
      const held = params(start);
      const optimizer = new HookedOptimizer({ params: held, rule: sgd(), learningRate: 1 });
      const trainer = taskTrainer({ optimizer, combiner });
      const good = (): tf.Scalar =>
        tf.addN(held.map(({ variable }) => tf.sum(tf.tanh(tf.square(variable))))) as tf.Scalar;
      const bad = (): tf.Scalar => fail(good());
      const [weights, tensors] = [read(held), tf.memory().numTensors];
      expect(() => optimizer.minimize(bad)).toThrow();
      expect(() => optimizer.computeGradients(bad)).toThrow();
      await expect(trainer.step({ good, bad })).rejects.toThrow();
      expect(tf.memory().numTensors).toBe(tensors);
      expect(read(held)).toEqual(weights);
      // Recording goes on as ever, and within another gradient the tape is left to that one.
      const outer = tf.grad((x: tf.Tensor) => {
        expect(() => optimizer.computeGradients(bad)).toThrow();
        return tf.square(tf.exp(x));
      });
      const x = tf.tensor1d([0.5]);
      const slope = outer(x);
      expect(slope.dataSync()[0]).toBeCloseTo(2 * Math.exp(1), 5);
      tf.dispose([x, slope]);
      optimizer.minimize(good);
      expect(read(held)).not.toEqual(weights);
      optimizer.dispose();
      trainer.dispose();
      disposeAll(...held);
      expect(tf.memory().numTensors).toBe(before);
    });
  }
});

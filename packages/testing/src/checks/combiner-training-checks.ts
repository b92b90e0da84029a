import { type AnyCombiner, HookedOptimizer, type Param, sgd, taskTrainer } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { check } from "../harness/assertions.ts";
import { type ConformanceCheck, onCpu } from "../harness/conformance-check.ts";
import { variableOf } from "../harness/samples.ts";

/** Checks a combiner in an optimizer that trains three numbers on two tasks. */
export function combinerTrainingChecks(make: () => AnyCombiner, learningRate: number): readonly ConformanceCheck[] {
  return [
    onCpu("leaks no tensor over 20 steps of two tasks", async () => {
      const start = tf.memory().numTensors;
      await train(make(), learningRate, 2, async (step) => {
        const before = tf.memory().numTensors;
        for (let i = 0; i < 20; i++) await step();
        const grown = tf.memory().numTensors - before;
        check(grown === 0, `20 steps left ${grown} tensor(s).`);
      });
      const left = tf.memory().numTensors - start;
      check(left === 0, `dispose() left ${left} tensor(s).`);
    }),
    onCpu("lowers the summed loss of two tasks that agree", async () => {
      const losses = await train(make(), learningRate, 60);
      check(
        (losses.at(-1) as number) < (losses[0] as number),
        `60 steps took the loss from ${losses[0]} to ${losses.at(-1)}.`,
      );
    }),
  ];
}

/** Trains for `steps` steps, then calls `then`. Returns the summed loss before each step. */
async function train(
  combiner: AnyCombiner,
  learningRate: number,
  steps: number,
  then: (step: () => Promise<number>) => Promise<void> = async () => {},
): Promise<number[]> {
  const variable = variableOf([2, -1, 3]);
  const params: Param[] = [{ name: "w/kernel", layer: "w", role: "kernel", shape: [3], unitAxes: [0], variable }];
  const optimizer = new HookedOptimizer({ params, rule: sgd(), learningRate });
  const trainer = taskTrainer({ optimizer, combiner });
  const distanceTo = (target: number[]) => (): tf.Scalar =>
    tf.tidy(() => tf.mean(tf.squaredDifference(variable, tf.tensor1d(target))));
  const step = async (): Promise<number> => {
    const values = await trainer.step({ near: distanceTo([0, 0, 0]), far: distanceTo([0.5, 0.5, 0]) });
    const sum = Object.values(values).reduce((total, value) => total + (value.dataSync()[0] as number), 0);
    tf.dispose(values as tf.NamedTensorMap);
    return sum;
  };
  const losses: number[] = [];
  try {
    for (let i = 0; i < steps; i++) losses.push(await step());
    await then(step);
  } finally {
    trainer.dispose();
    optimizer.dispose();
    variable.dispose();
  }
  return losses;
}

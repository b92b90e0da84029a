import { HookedOptimizer, type Param, sgd, taskTrainer } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { combiners } from "./combiners.ts";

/** Counts the tensors that `steps` steps of each combiner leave. */
export async function leaks(steps: number): Promise<{ readonly [method: string]: number }> {
  const left: Record<string, number> = {};
  for (const [name, make] of Object.entries(combiners)) {
    const start = tf.memory().numTensors;
    const variable = tf.tidy(() => tf.variable(tf.tensor2d([2, -1, 3, 1], [2, 2])));
    const params: Param[] = [{ name: "a/kernel", layer: "a", role: "kernel", shape: [2, 2], unitAxes: [1], variable }];
    const optimizer = new HookedOptimizer({ params, rule: sgd({ momentum: 0.9 }), learningRate: 1e-4 });
    const trainer = taskTrainer({ optimizer, combiner: make() });
    const toward = (value: number) => (): tf.Scalar => tf.mean(tf.square(tf.sub(variable, value)));
    for (let i = 0; i < steps; i++) {
      tf.dispose((await trainer.step({ a: toward(1), b: toward(-1), c: toward(5) })) as tf.NamedTensorMap);
    }
    trainer.dispose();
    optimizer.dispose();
    variable.dispose();
    left[name] = tf.memory().numTensors - start;
  }
  return left;
}

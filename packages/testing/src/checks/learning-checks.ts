import type { Param } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { check } from "../harness/assertions.ts";
import { type ConformanceCheck, onCpu } from "../harness/conformance-check.ts";
import { disposeParams, numbers, variableOf } from "../harness/samples.ts";
import type { Subject } from "../harness/subject.ts";

/** Checks that an optimizer that contains the hook or rule lowers a loss. */
export function learningChecks(subject: Subject, learningRate: number): readonly ConformanceCheck[] {
  return [
    onCpu("lowers the loss of a small MLP", () => {
      const params = mlp();
      const optimizer = subject.optimizer(params, learningRate);
      const [w1, b1, w2, b2] = params.map(({ variable }) => variable) as tf.Tensor[] as [
        tf.Tensor2D,
        tf.Tensor,
        tf.Tensor2D,
        tf.Tensor,
      ];
      const x = tf.tensor2d(numbers(11, 32 * 3), [32, 3]);
      const y = tf.tidy(() => tf.sum(tf.square(x), 1, true));
      const loss = (): tf.Scalar => {
        const hidden = tf.tanh(tf.add(tf.matMul(x, w1), b1));
        return tf.mean(tf.squaredDifference(tf.add(tf.matMul(hidden, w2), b2), y));
      };
      const value = (): number => tf.tidy(() => loss().dataSync()[0] as number);
      const before = value();
      for (let i = 0; i < 100; i++) optimizer.minimize(loss, false);
      const after = value();
      optimizer.dispose();
      tf.dispose([x, y]);
      disposeParams(params);
      check(after < before, `100 steps took the loss from ${before} to ${after}.`);
    }),
  ];
}

function mlp(): readonly Param[] {
  const param = (name: string, shape: readonly number[], seed: number): Param => {
    const [layer, role] = name.split("/") as [string, string];
    const size = shape.reduce((a, b) => a * b, 1);
    const values = role === "bias" ? Array<number>(size).fill(0.1) : numbers(seed, size);
    const variable = variableOf(values, shape);
    return { name, layer, role, shape, unitAxes: [shape.length - 1], variable };
  };
  return [
    param("hidden/kernel", [3, 8], 21),
    param("hidden/bias", [8], 22),
    param("head/kernel", [8, 1], 23),
    param("head/bias", [1], 24),
  ];
}

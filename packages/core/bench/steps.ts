// 10,000 steps with every hook of core on, under every rule: tensors and bytes before and after. On cpu, two small layers.
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { HookedOptimizer, type TensorMap } from "../src/index.ts";
import { everyHook, everyRule } from "../test/everything.ts";
import { disposeAll, params } from "../test/nets.ts";

const STEPS = 10_000;

export interface StepsResult {
  readonly rule: string;
  readonly steps: number;
  readonly tensorsMore: number;
  readonly bytesMore: number;
}

export async function steps(): Promise<readonly StepsResult[]> {
  await tf.setBackend("cpu");
  return Object.entries(everyRule).map(([rule, make]) => {
    const held = params({
      "hidden/kernel": [
        [1, 2],
        [3, 4],
      ],
      "hidden/bias": [1, 2],
      "head/kernel": [[1], [2]],
      "head/bias": [0.5],
    });
    const optimizer = new HookedOptimizer({ params: held, hooks: everyHook(), rule: make(), learningRate: 1e-4 });
    const grads: TensorMap = Object.fromEntries(held.map(({ name, shape }) => [name, tf.ones([...shape])]));
    for (let i = 0; i < 10; i++) optimizer.applyNamed(grads);
    const before = tf.memory();
    for (let i = 0; i < STEPS; i++) optimizer.applyNamed(grads);
    const after = tf.memory();
    optimizer.dispose();
    tf.dispose(grads as tf.NamedTensorMap);
    disposeAll(...held);
    return {
      rule,
      steps: STEPS,
      tensorsMore: after.numTensors - before.numTensors,
      bytesMore: after.numBytes - before.numBytes,
    };
  });
}

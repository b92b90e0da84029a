import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Method, MethodRun } from "./methods.ts";
import type { Examples, Task } from "./task.ts";

/** One run of the study: a task, a method and a seed, and its measurements. */
export interface Cell extends MethodRun {
  readonly task: string;
  readonly method: string;
  readonly seed: number;
  /** Shares of right answers: on the training examples, on new ones, and on new ones of the shifted domain. */
  readonly trainAccuracy: number;
  readonly testAccuracy: number;
  readonly shiftedAccuracy: number;
  /** Mean cross-entropy on new examples. */
  readonly testLoss: number;
  /** Share of the old inputs to which the old classifier gives the same answer on the tuned body. */
  readonly kept: number;
  readonly seconds: number;
}

const folder = join(import.meta.dirname, "../cells");

/** Runs a cell, or reads it if it was run before. Delete `proof/cells` after a change that changes the numbers. */
export async function cell(task: Task, method: Method, seed: number): Promise<Cell> {
  const path = join(folder, `${task.name}-${method.name.replaceAll(/[^\w.]+/g, "-")}-${seed}.json`);
  if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as Cell;
  const { train, test, shifted, old } = await task.open(seed);
  const model = await task.model(seed);
  const before = answers(model.whole, old);
  const started = performance.now();
  const run = await method.run(model.tuned, train, seed);
  const seconds = (performance.now() - started) / 1000;
  const after = answers(model.whole, old);
  const onTest = measured(model.tuned, test);
  const made: Cell = {
    ...{ task: task.name, method: method.name, seed, ...run, seconds },
    trainAccuracy: measured(model.tuned, train).accuracy,
    testAccuracy: onTest.accuracy,
    testLoss: onTest.loss,
    shiftedAccuracy: measured(model.tuned, shifted).accuracy,
    kept: after.filter((answer, i) => answer === before[i]).length / after.length,
  };
  model.dispose();
  tf.dispose([train, test, shifted, old].flatMap(({ xs, ys }) => [xs, ys]));
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${path}.part`, JSON.stringify(made));
  renameSync(`${path}.part`, path);
  return made;
}

function measured(model: LayersModel, { xs, ys }: Examples): { accuracy: number; loss: number } {
  const values = tf.tidy(() => {
    const predicted = model.predict(xs, { batchSize: 60 }) as tf.Tensor;
    const right = tf.mean(tf.cast(tf.equal(tf.argMax(predicted, -1), tf.argMax(ys, -1)), "float32"));
    const logs = tf.log(tf.clipByValue(predicted, 1e-7, 1));
    return [right, tf.neg(tf.mean(tf.sum(tf.mul(ys, logs), -1)))].map((value) => value.dataSync()[0] as number);
  });
  return { accuracy: values[0] as number, loss: values[1] as number };
}

function answers(model: LayersModel, { xs }: Examples): readonly number[] {
  return tf.tidy(() => [...tf.argMax(model.predict(xs, { batchSize: 60 }) as tf.Tensor, -1).dataSync()]);
}

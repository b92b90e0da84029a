import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { clean, type Examples, examples, inverted } from "./data.ts";

export const OLD = [0, 1, 2, 3, 4];
export const NEW = [5, 6, 7, 8, 9];
/** The base was trained on the first 700 images of each old digit, so later images are unseen. */
const OLD_TEST_FROM = 700;

/** The new digits to learn, dark on light and noisy, and the clean old digits that must not be forgotten. */
export interface Task {
  /** 100 examples per class. */
  readonly train: Examples;
  readonly test: Examples;
  readonly oldTest: Examples;
}

/** Builds the task of the quickstart. The same seed gives the same noise. */
export function digitsTask(seed: number, { testPerClass = 300 } = {}): Task {
  return {
    train: examples(NEW, { from: 0, count: 100, domain: inverted(seed) }),
    test: examples(NEW, { from: 100, count: testPerClass, domain: inverted(seed + 1) }),
    oldTest: examples(OLD, { from: OLD_TEST_FROM, count: testPerClass, domain: clean }),
  };
}

/** Measures the share of examples whose highest output belongs to the right class, in inference mode. */
export async function accuracy(model: LayersModel, { xs, ys }: Examples): Promise<number> {
  const hits = tf.tidy(() => {
    const output = model.predict(xs, { batchSize: 256 }) as tf.Tensor;
    return tf.mean(tf.cast(tf.equal(tf.argMax(output, -1), tf.argMax(ys, -1)), "float32"));
  });
  const [value] = await hits.data();
  hits.dispose();
  return value as number;
}

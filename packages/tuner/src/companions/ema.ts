import * as tf from "@tensorflow/tfjs-core";
import type { Assembly } from "../run/assembly.ts";
import { readAll, writeAll } from "../run/snapshot.ts";
import type { Companion } from "./companion.ts";

export interface EmaOptions {
  /** Share of the average that is kept a step, in [0, 1). @default 0.999 */
  readonly decay?: number;
}

/**
 * An exponential moving average of the trained parameters (Polyak and Juditsky 1992): a ← d·a + (1 − d)·w after every step,
 * started at the weights before the first. Validation sees the average, and the model holds it at the end.
 */
export function ema({ params }: Assembly, { decay = 0.999 }: EmaOptions): Companion {
  let average: tf.Tensor[] = params.map(({ variable }) => tf.keep(tf.clone(variable)));
  let trained: ReadonlyMap<string, Float32Array> | undefined;
  const put = (): void => {
    params.forEach(({ variable }, i) => {
      variable.assign(average[i] as tf.Tensor);
    });
  };
  return {
    name: "ema",
    stepEnd() {
      const next = tf.tidy(() =>
        params.map(({ variable }, i) => tf.add(tf.mul(average[i] as tf.Tensor, decay), tf.mul(variable, 1 - decay))),
      );
      tf.dispose(average);
      average = next.map((tensor) => tf.keep(tensor));
    },
    async beforeValidation() {
      trained = await readAll(params);
      put();
    },
    async afterValidation() {
      if (trained) writeAll(params, trained);
      trained = undefined;
    },
    finish: async () => put(),
    async save() {
      const values = await Promise.all(
        params.map(async ({ name }, i) => {
          const tensor = average[i] as tf.Tensor;
          return [name, ((await tensor.data()) as Float32Array).slice()] as const;
        }),
      );
      return { json: { decay }, tensors: new Map(values) };
    },
    load({ tensors }) {
      tf.dispose(average);
      average = params.map(({ name, variable }) =>
        tf.keep(tf.tensor(tensors.get(name) as Float32Array, variable.shape, "float32")),
      );
    },
    dispose() {
      tf.dispose(average);
      average = [];
    },
  };
}

import * as tf from "@tensorflow/tfjs-core";
import { readWeights, writeWeights } from "../models/weights.ts";
import type { Callback, CallbackView } from "./callback.ts";

export interface EmaOptions {
  /** Share of the average that is kept a step, in [0, 1). @default 0.999 */
  readonly decay?: number;
}

/**
 * An exponential moving average of the trained parameters (Polyak and Juditsky 1992): a ← d·a + (1 − d)·w after every step,
 * started at the weights before the first. Parameters that are not unfrozen yet are their own average, to the bit. Validation sees the
 * average, and the model holds it at the end.
 */
export function ema({ params, optimizer }: CallbackView, { decay = 0.999 }: EmaOptions): Callback {
  let average: tf.Tensor[] = params.map(({ variable }) => tf.keep(tf.clone(variable)));
  let trained: ReadonlyMap<string, Float32Array> | undefined;
  const put = (): void => {
    params.forEach(({ variable }, i) => {
      variable.assign(average[i] as tf.Tensor);
    });
  };
  return {
    name: "ema",
    stepwise: true,
    stepEnd() {
      const active = new Set(optimizer.active.map(({ name }) => name));
      // One at a time: no second set of averages is alive meanwhile.
      params.forEach(({ name, variable }, i) => {
        if (!active.has(name)) return;
        const before = average[i] as tf.Tensor;
        average[i] = tf.keep(tf.tidy(() => tf.add(tf.mul(before, decay), tf.mul(variable, 1 - decay))));
        before.dispose();
      });
    },
    async beforeValidation() {
      trained = await readWeights(params);
      put();
    },
    async afterValidation() {
      if (trained) writeWeights(params, trained);
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

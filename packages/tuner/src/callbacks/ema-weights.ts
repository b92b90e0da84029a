import { type Callback, type CallbackRun, type OptionsSchema, optionsSchema, type Param } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { readWeights, writeWeights } from "../models/weights.ts";

export interface EmaOptions {
  /** Share of the average that stays per step, in [0, 1). @default 0.999 */
  readonly decay?: number;
}

export const emaWeightsOptions: OptionsSchema<EmaOptions, "decay"> = optionsSchema<EmaOptions, "decay">({
  decay: {
    type: "number",
    minimum: 0,
    exclusiveMaximum: 1,
    default: 0.999,
    description: "Share of the average that stays per step",
  },
});

/**
 * Keeps an exponential moving average of the trained parameters (Polyak and Juditsky 1992): a ← d·a + (1 − d)·w after every
 * step, from the weights before the first step on. A parameter that is not unfrozen yet keeps its own value bit for bit.
 * Validation uses the average, and the model holds it after the run.
 *
 * The hook `ema` of @graftjs/transforms serves optimizers outside `fineTune`. It sees the weights before a step's update,
 * and knows neither validation nor the end of a run, so it cannot replace this callback. The two share one line of
 * arithmetic and no package.
 *
 * @throws OptionsError if `decay` is out of range.
 */
export function emaWeights(options: EmaOptions = {}): Callback {
  const { decay } = emaWeightsOptions.parse("emaWeights", options);
  let params: readonly Param[] = [];
  let optimizer: CallbackRun["optimizer"];
  let average: tf.Tensor[] = [];
  let trained: ReadonlyMap<string, Float32Array> | undefined;
  const putAverage = (): void => {
    params.forEach(({ variable }, i) => {
      variable.assign(average[i] as tf.Tensor);
    });
  };
  return {
    name: "ema",
    stepwise: true,
    runStart(run) {
      ({ params, optimizer } = run);
      average = params.map(({ variable }) => tf.keep(tf.clone(variable)));
    },
    stepEnd() {
      const active = new Set(optimizer.active.map(({ name }) => name));
      // One parameter at a time, so that a second set of averages never exists.
      params.forEach(({ name, variable }, i) => {
        if (!active.has(name)) return;
        const before = average[i] as tf.Tensor;
        average[i] = tf.keep(tf.tidy(() => tf.add(tf.mul(before, decay), tf.mul(variable, 1 - decay))));
        before.dispose();
      });
    },
    async beforeValidation() {
      trained = await readWeights(params);
      putAverage();
    },
    async afterValidation() {
      if (trained) writeWeights(params, trained);
      trained = undefined;
    },
    async finish() {
      putAverage();
    },
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

import { defineHook, definePlugin, mapTensors, optionsSchema, type Plugin, zerosLike } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Amplifies the slowly changing part of each gradient: g + amount·ema(g) (Lee et al. 2024, arXiv:2405.20233). */
export const grokfast = ({ amount = 2, decay = 0.9 }: { amount?: number; decay?: number } = {}) =>
  defineHook({
    name: "grokfast",
    init: (params) => ({ slow: zerosLike(params) }),
    transform(grads, state) {
      const slow = mapTensors(grads, (g, name) =>
        tf.add(tf.mul(state.slow[name] as tf.Tensor, decay), tf.mul(g, 1 - decay)),
      );
      return {
        grads: mapTensors(grads, (g, name) => tf.add(g, tf.mul(slow[name] as tf.Tensor, amount))),
        state: { slow },
      };
    },
  });

const number = { type: "number", minimum: 0 } as const;
const options = optionsSchema<{ amount?: number; decay?: number }>({
  amount: number,
  decay: { ...number, maximum: 1 },
});
export const plugin: Plugin = definePlugin({
  kind: "hook",
  name: "grokfast",
  description: "Slow gradients, amplified",
  options,
  create: grokfast,
});

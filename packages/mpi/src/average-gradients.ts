import { type OptimizerHook, RecipeError, type TensorMap } from "@graftjs/core";
import type { Collective } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";

/**
 * Makes the hook that averages gradients over all ranks, for an optimizer in `model.fit`. Put it before all other hooks, so that they
 * see the gradient of the whole batch. Every rank must have batches of the same size. With one rank, the gradients pass untouched.
 * `fineTune` averages by itself: give it `collective` in place of this hook.
 *
 * The hook reads the gradients to the host and waits, so it needs a backend with synchronous reads: cpu, wasm or native.
 */
export function averageGradients(collective: Collective): OptimizerHook<null> {
  return {
    name: "average-gradients",
    init: () => null,
    transform: (grads, state) => ({ grads: collective.size === 1 ? grads : averaged(grads, collective), state }),
  };
}

function averaged(grads: TensorMap, collective: Collective): TensorMap {
  const entries = Object.entries(grads);
  const all = new Float32Array(entries.reduce((sum, [, { size }]) => sum + size, 0));
  const share = 1 / collective.size;
  let at = 0;
  for (const [, grad] of entries) {
    const values = valuesOf(grad);
    for (let i = 0; i < values.length; i++) all[at + i] = (values[i] as number) * share;
    at += values.length;
  }
  collective.sum(all);
  at = 0;
  const means = entries.map(([name, { shape, size }]) => {
    const mean = tf.tensor(all.subarray(at, at + size), shape as number[], "float32");
    at += size;
    return [name, mean] as const;
  });
  return Object.fromEntries(means);
}

function valuesOf(grad: tf.Tensor): Float32Array {
  try {
    return grad.dataSync() as Float32Array;
  } catch (cause) {
    throw new RecipeError(
      `average-gradients reads gradients synchronously, and the backend ${tf.getBackend()} cannot.`,
      "Use the cpu, wasm or native backend, or fineTune with `collective`.",
      { cause },
    );
  }
}

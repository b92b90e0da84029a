import type { OptimizerHook, TensorMap } from "@graftjs/core";
import type { Collective } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { type HostValues, hostValues } from "./host-values.ts";

/**
 * Makes the hook that averages gradients over all ranks, for an optimizer in `model.fit`. Put it before all other hooks, so that they
 * see the gradient of the whole batch. Every rank must have batches of the same size. With one rank, the gradients pass untouched.
 * `fineTune` averages by itself: give it `collective` in place of this hook.
 *
 * The hook reads the gradients to the host and waits, so it needs a backend with synchronous reads: cpu, wasm or native.
 */
export function averageGradients(collective: Collective): OptimizerHook<null> {
  const host = hostValues();
  return {
    name: "average-gradients",
    init: () => null,
    transform: (grads, state) => ({ grads: collective.size === 1 ? grads : averaged(grads, collective, host), state }),
  };
}

function averaged(grads: TensorMap, collective: Collective, host: HostValues): TensorMap {
  const entries = Object.entries(grads);
  const all = host.buffer(entries.reduce((sum, [, { size }]) => sum + size, 0));
  let at = 0;
  for (const [, grad] of entries) {
    all.set(host.of(grad), at);
    at += grad.size;
  }
  average(all, collective);
  at = 0;
  const means = entries.map(([name, { shape, size }]) => {
    const mean = tf.tensor(all.subarray(at, at + size), shape as number[], "float32");
    at += size;
    return [name, mean] as const;
  });
  return Object.fromEntries(means);
}

function average(all: Float32Array, collective: Collective): void {
  const share = 1 / collective.size;
  if (collective.sumGradients) {
    collective.sumGradients(all, 0, share);
    return;
  }
  collective.sum(all);
  for (let i = 0; i < all.length; i++) all[i] = (all[i] as number) * share;
}

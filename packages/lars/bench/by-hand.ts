import type { Param, TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Implements the rule of the paper with plain tfjs ops, tensor by tensor. */
export function byHand(
  params: readonly Param[],
  { eta, decay, momentum }: { readonly eta: number; readonly decay: number; readonly momentum: number },
): { step(grads: TensorMap, rate: number): void; dispose(): void } {
  const velocities = params.map(({ variable }) => tf.tidy(() => tf.variable(tf.zerosLike(variable))));
  return {
    step(grads, rate) {
      tf.tidy(() => {
        params.forEach(({ name, shape, variable: w }, i) => {
          const [g, v] = [grads[name] as tf.Tensor, velocities[i] as tf.Variable];
          let step = tf.mul(g, rate);
          if (shape.length > 1) {
            const [wn, gn] = [tf.norm(w), tf.norm(g)];
            const ratio = tf.div(tf.mul(wn, eta), tf.add(gn, tf.mul(wn, decay)));
            const some = tf.logicalAnd(tf.greater(wn, 0), tf.greater(gn, 0));
            const local = tf.mul(tf.where(some, ratio, tf.onesLike(ratio)), rate);
            step = tf.mul(tf.add(g, tf.mul(w, decay)), local);
          }
          v.assign(tf.add(tf.mul(v, momentum), step));
          w.assign(tf.sub(w, v));
        });
      });
    },
    dispose: () => tf.dispose(velocities),
  };
}

import type { Param, TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-6];

/** LAMB (You et al. 2020, algorithm 2) in plain tfjs operations: moments, their corrections and two norms for each tensor. */
export function byHand(
  params: readonly Param[],
  { rate, decay }: { readonly rate: number; readonly decay: number },
): { step(grads: TensorMap): void; dispose(): void } {
  const zeros = (): tf.Variable[] => params.map(({ variable }) => tf.tidy(() => tf.variable(tf.zerosLike(variable))));
  const [firsts, seconds] = [zeros(), zeros()];
  let step = 0;
  return {
    step(grads) {
      step += 1;
      tf.tidy(() => {
        params.forEach(({ name, shape, variable: w }, i) => {
          const [g, m, v] = [grads[name] as tf.Tensor, firsts[i] as tf.Variable, seconds[i] as tf.Variable];
          m.assign(tf.add(tf.mul(m, BETA1), tf.mul(g, 1 - BETA1)));
          v.assign(tf.add(tf.mul(v, BETA2), tf.mul(tf.square(g), 1 - BETA2)));
          const [mean, variance] = [tf.div(m, 1 - BETA1 ** step), tf.div(v, 1 - BETA2 ** step)];
          let update = tf.div(mean, tf.add(tf.sqrt(variance), EPSILON));
          if (shape.length > 1) {
            update = tf.add(update, tf.mul(w, decay));
            const [wn, un] = [tf.norm(w), tf.norm(update)];
            const some = tf.logicalAnd(tf.greater(wn, 0), tf.greater(un, 0));
            update = tf.mul(update, tf.where(some, tf.div(wn, un), tf.onesLike(wn)));
          }
          w.assign(tf.sub(w, tf.mul(update, rate)));
        });
      });
    },
    dispose: () => tf.dispose([...firsts, ...seconds]),
  };
}

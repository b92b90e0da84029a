import { OptionsError, type Param } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { assertFits, type HostWeights } from "./host-weights.ts";

/** Moves the weights between the pretrained and the tuned ones. */
export interface WiseFt {
  /** Sets the weights to (1 − a)·w⁰ + a·w. 0 gives the pretrained and 1 the tuned weights, bit for bit. */
  set(a: number): void;
  /** The current value of a. */
  readonly value: number;
  /** Frees the copy of the tuned weights. The parameters keep their values. */
  dispose(): void;
}

/**
 * Interpolates between pretrained and tuned weights after training: WiSE-FT (Wortsman et al. 2022, equation 1). Between the two,
 * a model often keeps its old knowledge and has the new one. The value starts at 1, the tuned weights.
 *
 * @param params the trained parameters. `namedWeights(model)` includes the statistics of batch norm, as the paper does.
 * @param reference their pretrained values, from `readWeights` before training.
 * @throws SelectionError if `reference` does not fit `params`; OptionsError, from `set`, if a is not between 0 and 1.
 */
export function wiseFt(params: readonly Param[], reference: HostWeights): WiseFt {
  assertFits(
    "`reference` of wiseFt",
    reference,
    Object.fromEntries(params.map(({ name, variable }) => [name, variable])),
  );
  const tuned = params.map(({ variable }) => tf.keep(tf.clone(variable)));
  let value = 1;
  return {
    set(a) {
      if (!(a >= 0 && a <= 1))
        throw new OptionsError(`The value for \`set\` of wiseFt is ${a}.`, "Give a number from 0 to 1.");
      for (const [i, { name, variable }] of params.entries()) {
        const end = tuned[i] as tf.Tensor;
        tf.tidy(() => {
          const start = tf.tensor(reference[name] as Float32Array, end.shape);
          const between = a === 0 ? start : a === 1 ? end : tf.add(tf.mul(start, 1 - a), tf.mul(end, a));
          variable.assign(between);
        });
      }
      value = a;
    },
    get value() {
      return value;
    },
    dispose: () => tf.dispose(tuned),
  };
}

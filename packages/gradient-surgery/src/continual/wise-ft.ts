import { OptionsError, type Param } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { assertFits, type HostWeights } from "./host-weights.ts";

export interface WiseFt {
  /** Moves the weights to (1 − a)·w⁰ + a·w. 0 and 1 are the pretrained and the tuned weights, bit for bit. */
  set(a: number): void;
  /** Where the slider stands. */
  readonly value: number;
  /** Frees the copy of the tuned weights. The parameters stay where they are. */
  dispose(): void;
}

/**
 * WiSE-FT (Wortsman et al. 2022, equation 1): after training, interpolates between pretrained and tuned weights. Somewhere
 * between the two the model often keeps what it knew and has what it learned. The slider starts at 1, where training ended.
 *
 * @param params what was trained; `namedWeights(model)` takes the statistics of batch norm along, which the paper does.
 * @param reference their pretrained values, from `readWeights` before training.
 * @throws SelectionError if `reference` does not fit `params`.
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
      if (!(a >= 0 && a <= 1)) throw new OptionsError(`The slider of wiseFt is ${a}.`, "A number from 0 to 1.");
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

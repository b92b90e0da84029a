import { OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { biasOf } from "../layers/linear.ts";
import type { Target } from "../targets/target.ts";
import { addedParam } from "./added-param.ts";
import { assertBeside } from "./assert-beside.ts";
import type { Change } from "./change.ts";
import { perOutput } from "./per-output.ts";

/**
 * Scales and shifts the outputs of a linear layer before its activation: y = γ⊙z + β (SSF, Lian et al. 2022, arXiv 2210.08823,
 * eq. 3). Its parameters are `ssf_scale` [outputs], which begins at 1, and `ssf_shift` [outputs], which begins at 0.
 *
 * @throws OptionsError for layers that read a kernel in several places, for embeddings, and for layers without a bias: a merge
 *   could not write their shift
 */
export function ssfChange(target: Target): Change {
  assertBeside(target, "ssf");
  if (!biasOf(target))
    throw new OptionsError(
      `\`ssf\` cannot change ${target.name}: its layer has no bias that could take the shift when the adapter is merged.`,
      "Leave the layer out by `target`. If a batch norm follows it, train that batch norm's gamma and beta instead.",
    );
  const scale = addedParam(target, "ssf_scale", tf.ones([target.outputs]), [0]);
  const shift = addedParam(target, "ssf_shift", tf.zeros([target.outputs]), [0]);
  const [gamma, beta] = [scale.variable, shift.variable];
  return {
    target,
    params: [scale, shift],
    output: (z) => tf.add(tf.mul(z, gamma), beta),
    merge: ({ kernel, bias }) => ({
      kernel: tf.mul(kernel, perOutput(target, gamma)),
      bias: tf.add(bias ? tf.mul(bias, gamma) : tf.zerosLike(beta), beta),
    }),
  };
}

import type { Random } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { outputAxis, type Target } from "../targets/target.ts";
import { addedParam } from "./added-param.ts";
import type { LinearWeights } from "./change.ts";
import type { LowRankChange } from "./lora.ts";
import { type LowRankSettings, lowRankParts } from "./low-rank-parts.ts";
import { perOutput } from "./per-output.ts";

/**
 * Gives a kernel with a low-rank change a length of its own for each output (DoRA, Liu et al. 2024, arXiv 2402.09353, eq. 5):
 * K = m·(W + s·a·b)/‖W + s·a·b‖. The norm is over all axes but the outputs' and counts as a constant in gradients, as in the
 * paper's §4.3. Its parameters are `a`, `b` and the lengths `m` [outputs], which begin at ‖W‖.
 */
export function doraChange(target: Target, settings: LowRankSettings, random: Random): LowRankChange {
  const parts = lowRankParts(target, settings, random);
  const changed = (kernel: tf.Tensor): tf.Tensor => tf.add(kernel, parts.kernel());
  const magnitude = addedParam(
    target,
    "lora_magnitude",
    tf.tidy(() => norms(target, changed(target.holder.read()))),
    [0],
  );
  const lengths = (kernel: tf.Tensor): tf.Tensor => ratio(magnitude.variable, () => norms(target, changed(kernel)));
  return Object.assign(parts, {
    params: [...parts.params, magnitude],
    product: (x: tf.Tensor, z: tf.Tensor, kernel: tf.Tensor, training: boolean) =>
      tf.mul(tf.add(z, parts.outputs(x, training)), lengths(kernel)),
    merge: ({ kernel, bias }: LinearWeights) => ({
      kernel: tf.mul(changed(kernel), perOutput(target, lengths(kernel))),
      bias,
    }),
  });
}

/** Computes m/n with a gradient for m only. */
function ratio(m: tf.Tensor, n: () => tf.Tensor): tf.Tensor {
  return tf.customGrad((length, save) => {
    const norm = n();
    (save as tf.GradSaveFunc)([norm]);
    return {
      value: tf.div(length as tf.Tensor, norm),
      gradFunc: (dy, [saved]) => tf.div(dy as tf.Tensor, saved as tf.Tensor),
    };
  })(m);
}

/** Computes the norm of the kernel's part for each output: [outputs]. */
function norms({ kind }: Target, kernel: tf.Tensor): tf.Tensor {
  const axis = outputAxis(kind, kernel.rank);
  const others = [...kernel.shape.keys()].filter((i) => i !== axis);
  return tf.sqrt(tf.sum(tf.square(kernel), others));
}

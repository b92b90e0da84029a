import * as tf from "@tensorflow/tfjs-core";
import type { BatchNormLayer } from "../layers/batch-norm-layer.ts";
import type { IsTrained } from "../layers/trained-weights.ts";
import { bnActivation } from "./bn-activation.ts";
import type { Block } from "./find-chains.ts";
import type { FoldedKernel } from "./folded-kernel.ts";
import { frozenLinear } from "./frozen-linear.ts";
import type { LinearLayer } from "./linear-layer.ts";

/**
 * A block on one input: linear map, batch norm, activation.
 *
 * Without `folded` the forward pass is that of the stock layers, to the bit; with it, where gamma is frozen, the batch norm
 * is within the kernel: act(L(x, w·s) + (b − μ)·s + β), s = γ/√(σ² + ε), equal to float32 rounding.
 */
export function runBlock(
  x: tf.Tensor,
  { linear, norm, activation }: Block,
  folded: FoldedKernel | undefined,
  isTrained: IsTrained,
): tf.Tensor {
  if (!linear) return bnActivation(x, { norm, activation, isTrained });
  if (norm && folded && !isTrained(norm.gamma)) {
    const { kernel, scale } = folded.read();
    const y = frozenLinear(x, kernel, linear, { bias: () => foldedBias(linear, norm, scale), activation });
    return bnActivation(y, { norm, activation, bias: linear.bias, done: true, isTrained });
  }
  folded?.drop();
  const { bias } = linear;
  const kernel = linear.kernel.read();
  // With no batch norm in between, the activation goes into the kernel.
  const inner = norm ? "linear" : activation;
  const y = frozenLinear(x, kernel, linear, { bias: bias && (() => bias.read()), activation: inner });
  return bnActivation(y, { norm, activation, bias, done: !norm, isTrained });
}

/** (b − μ)·s + β: the bias of the folded map. */
export function foldedBias(
  { bias }: Pick<LinearLayer, "bias">,
  { movingMean, beta }: BatchNormLayer,
  scale: tf.Tensor,
): tf.Tensor {
  const mean = movingMean.read();
  const centred = tf.mul(bias ? tf.sub(bias.read(), mean) : tf.neg(mean), scale);
  return beta ? tf.add(centred, beta.read()) : centred;
}

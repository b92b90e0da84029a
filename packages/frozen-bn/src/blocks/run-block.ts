import * as tf from "@tensorflow/tfjs-core";
import type { BatchNormLayer } from "../layers/batch-norm-layer.ts";
import type { IsTrained } from "../layers/trained-weights.ts";
import { bnActivation } from "./bn-activation.ts";
import type { Block } from "./find-chains.ts";
import type { FoldedKernel } from "./folded-kernel.ts";
import { frozenLinear } from "./frozen-linear.ts";
import type { LinearLayer } from "./linear-layer.ts";

/**
 * Computes a block with a frozen kernel: linear map, batch norm, activation.
 *
 * Without `folded`, the output has the same bits as that of the stock layers. With `folded` and a frozen gamma, the batch
 * norm is inside the kernel: act(L(x, w·s) + (b − μ)·s + β) with s = γ/√(σ² + ε). Then the output equals that of the stock
 * layers up to float32 rounding.
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
    return bnActivation(y, { norm, activation, bias: linear.bias, applied: true, isTrained });
  }
  folded?.drop();
  const { bias } = linear;
  const kernel = linear.kernel.read();
  // Without a batch norm in between, the linear kernel applies the activation.
  const inner = norm ? "linear" : activation;
  const y = frozenLinear(x, kernel, linear, { bias: bias && (() => bias.read()), activation: inner });
  return bnActivation(y, { norm, activation, bias, applied: !norm, isTrained });
}

/** Computes (b − μ)·s + β, the bias of a linear map with the batch norm folded in. Shape [C]. */
export function foldedBias(
  { bias }: Pick<LinearLayer, "bias">,
  { movingMean, beta }: BatchNormLayer,
  scale: tf.Tensor,
): tf.Tensor {
  const mean = movingMean.read();
  const centred = tf.mul(bias ? tf.sub(bias.read(), mean) : tf.neg(mean), scale);
  return beta ? tf.add(centred, beta.read()) : centred;
}

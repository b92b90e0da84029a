import * as tf from "@tensorflow/tfjs-core";
import { runKernel, type WasmGradient } from "../tfjs-registry/gradients.ts";

/**
 * Gradient of batch norm with given statistics. It makes one pass over the activations per input that needs a gradient. With
 * r = 1/√(σ² + ε) and γ the scale: dμ = −γ r Σdy, dσ² = −½ γ r² · dscale (Ioffe & Szegedy 2015, section 3).
 */
export const batchNormGradient: WasmGradient = {
  kernelName: "FusedBatchNorm",
  inputsToSave: ["x", "mean", "variance", "scale"],
  gradFunc: (dy, [x, mean, variance, scale], attrs) => {
    if (!x || !mean || !variance) return undefined;
    if ([mean, variance, scale].some((factor) => factor && factor.rank !== 1))
      return broadcastGradient(dy, x, { mean, variance, scale }, attrs);
    if (x.dtype !== "float32" || mean.size !== x.shape.at(-1)) return undefined;
    const { varianceEpsilon } = attrs as unknown as { readonly varianceEpsilon: number };
    const one = (want: "wantX" | "wantScale" | "wantOffset"): tf.Tensor =>
      runKernel<tf.Tensor[]>(
        "GraftBatchNormGrad",
        { dy, x, mean, variance, scale },
        { varianceEpsilon, activation: "linear", [want]: true },
      )[0] as tf.Tensor;
    const factor = (): tf.Tensor => {
      const r = tf.rsqrt(tf.add(variance, varianceEpsilon));
      return scale ? tf.mul(scale, r) : r;
    };
    return {
      x: () => one("wantX"),
      mean: () => tf.neg(tf.mul(factor(), one("wantOffset"))),
      variance: () =>
        tf.mul(-0.5, tf.mul(tf.mul(factor(), tf.rsqrt(tf.add(variance, varianceEpsilon))), one("wantScale"))),
      scale: () => one("wantScale"),
      offset: () => one("wantOffset"),
    };
  },
};

/**
 * Gradient for factors with as many axes as x. tfjs's own gradient does not sum over the axes along which the
 * factors repeat, and throws.
 */
function broadcastGradient(
  dy: tf.Tensor,
  x: tf.Tensor,
  { mean, variance, scale }: { mean: tf.Tensor; variance: tf.Tensor; scale: tf.Tensor | undefined },
  attrs: tf.NamedAttrMap,
): { [input: string]: () => tf.Tensor } {
  const { varianceEpsilon } = attrs as unknown as { readonly varianceEpsilon: number };
  const perDeviation = (): tf.Tensor => tf.rsqrt(tf.add(variance, varianceEpsilon));
  const factor = (): tf.Tensor => (scale ? tf.mul(scale, perDeviation()) : perDeviation());
  const summed = (value: tf.Tensor, like: tf.Tensor): tf.Tensor => {
    const axes = tf.broadcast_util.getReductionAxes(like.shape, value.shape);
    return tf.reshape(tf.sum(value, axes), like.shape);
  };
  const slope = (): tf.Tensor => tf.mul(tf.mul(dy, tf.sub(x, mean)), perDeviation());
  return {
    x: () => tf.mul(dy, factor()),
    mean: () => summed(tf.neg(tf.mul(dy, factor())), mean),
    variance: () => summed(tf.mul(-0.5, tf.mul(slope(), tf.mul(factor(), perDeviation()))), variance),
    scale: () => summed(slope(), scale ?? mean),
    offset: () => summed(dy, mean),
  };
}

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
    if (!x || !mean || !variance || mean.rank !== 1 || variance.rank !== 1 || (scale && scale.rank !== 1))
      return undefined;
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

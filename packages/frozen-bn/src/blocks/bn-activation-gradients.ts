import * as tf from "@tensorflow/tfjs-core";
import { type BatchNormLayer, reductionAxes } from "../layers/batch-norm-layer.ts";
import { type Activation, gradientAtInput, gradientAtOutput } from "./activation.ts";
import { broadcastShape, normalizeAndActivate, normScale, normVectors } from "./batch-norm-op.ts";
import { hasFusedKernel } from "./fused-kernel.ts";
import type { WritableWeight } from "../layers/writable-weight.ts";

/** The parts of `bnActivation` that its gradients need. */
export interface GradientInfo {
  readonly norm: BatchNormLayer | undefined;
  readonly activation: Activation;
  readonly axis: number;
  /** See `BnActivation`. */
  readonly applied: boolean;
  /** The trained weights, in the order of their gradients: gamma, beta, bias. */
  readonly trained: readonly WritableWeight[];
  readonly bias: WritableWeight | undefined;
}

/** Computes the gradients of x and of the trained weights from the saved input x. Gamma needs x for its gradient. */
export function gradientsFromInput(dy: tf.Tensor, x: tf.Tensor, info: GradientInfo): tf.Tensor[] {
  const { activation, axis, trained } = info;
  const norm = info.norm as BatchNormLayer;
  const { gamma, beta, epsilon } = norm;
  if (axis === x.rank - 1 && hasFusedKernel("GraftBatchNormGrad")) {
    const attrs = {
      varianceEpsilon: epsilon,
      activation,
      wantX: true,
      wantScale: true,
      wantOffset: beta != null && trained.includes(beta),
    };
    const [dx, ...rest] = tf
      .engine()
      .runKernel<tf.Tensor[]>("GraftBatchNormGrad", { dy, x, ...normVectors(norm) }, attrs);
    return [dx as tf.Tensor, ...rest, ...biasGradient(dx as tf.Tensor, info)];
  }
  const shape = broadcastShape(x.rank, axis);
  const axes = reductionAxes(x.rank, axis);
  const perDeviation = tf.rsqrt(tf.add(norm.movingVariance.read(), epsilon));
  const z = activation === "linear" ? x : normalizeAndActivate(x, norm, "linear", axis);
  const dz = gradientAtInput(dy, z, activation);
  const centred = tf.sub(x, tf.reshape(norm.movingMean.read(), shape));
  const dGamma = tf.mul(tf.sum(tf.mul(dz, centred), axes), perDeviation);
  const dx = tf.mul(dz, tf.reshape(tf.mul(perDeviation, (gamma as WritableWeight).read()), shape));
  return [dx, dGamma, ...(beta && trained.includes(beta) ? [tf.sum(dz, axes)] : []), ...biasGradient(dx, info)];
}

/** Computes the gradients of x and of the trained weights from the saved output y. A linear activation needs no y. */
export function gradientsFromOutput(dy: tf.Tensor, y: tf.Tensor | undefined, info: GradientInfo): tf.Tensor[] {
  const { norm, axis, applied, trained, bias, activation } = info;
  const { dz, sum } = activationGradient(dy, y, activation, axis, trained.length > 0);
  const scale = norm ? normScale(norm) : undefined;
  const dx = scale && !applied ? tf.mul(dz, tf.reshape(scale, broadcastShape(dy.rank, axis))) : dz;
  const grads = trained.map((weight) =>
    weight === bias && scale ? tf.mul(sum as tf.Tensor, scale) : tf.clone(sum as tf.Tensor),
  );
  return [dx, ...grads];
}

/**
 * Computes ∂z = ∂y·act'(z) from the saved output y. If `wantSum`, it also sums ∂z over all axes except that of the channels.
 */
export function activationGradient(
  dy: tf.Tensor,
  y: tf.Tensor | undefined,
  activation: Activation,
  axis: number,
  wantSum: boolean,
): { readonly dz: tf.Tensor; readonly sum?: tf.Tensor } {
  if (y && axis === y.rank - 1 && hasFusedKernel("GraftActivationGrad")) {
    const attrs = { activation, wantSum };
    const [dz, sum] = tf.engine().runKernel<tf.Tensor[]>("GraftActivationGrad", { dy, y }, attrs);
    return { dz: dz as tf.Tensor, ...(sum ? { sum } : {}) };
  }
  const dz = y ? gradientAtOutput(dy, y, activation) : dy;
  return wantSum ? { dz, sum: tf.sum(dz, reductionAxes(dz.rank, axis)) } : { dz };
}

function biasGradient(dx: tf.Tensor, { bias, axis, trained }: GradientInfo): tf.Tensor[] {
  return bias && trained.includes(bias) ? [tf.sum(dx, reductionAxes(dx.rank, axis))] : [];
}

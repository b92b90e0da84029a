import type { WeightLike } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type BatchNormLayer, channelAxis, reductionAxes } from "../layers/batch-norm-layer.ts";
import type { WritableWeight } from "../layers/callable-layer.ts";
import type { IsTrained } from "../layers/trained-weights.ts";
import { type Activation, activate, gradientAtInput, gradientAtOutput } from "./activation.ts";
import { hasFusedKernel } from "./fused-kernel.ts";
import { computeAndRelease } from "./release-gradients.ts";

/** What follows a linear map, as one op with one gradient: batch norm by running statistics, then an activation. */
export interface BnActivation {
  /** The batch norm; undefined where there is none. */
  readonly norm?: BatchNormLayer | undefined;
  /** @default "linear" */
  readonly activation?: Activation;
  /** The bias of the linear map before, already added to the input; passed for its gradient. */
  readonly bias?: WritableWeight | undefined;
  /** Whether the input has been normalised and activated already, by a kernel folded into the linear map. @default false */
  readonly done?: boolean;
  readonly isTrained: IsTrained;
}

/**
 * y = act(γ·(x − μ)/√(σ² + ε) + β) with constant μ and σ²: the bits of the stock layers in inference, and a gradient of its own.
 *
 * With z = what is activated: ∂z = ∂y·act'(z), ∂x = ∂z·γ/√(σ² + ε), ∂γ = Σ ∂z·(x − μ)/√(σ² + ε), ∂β = Σ ∂z, and for the bias
 * within x ∂b = Σ ∂x. Kept for the backward pass: x where gamma trains; otherwise y where there is an activation; otherwise
 * nothing (Rota Bulò et al. 2018 keep y likewise). Stock keeps x, and z as well. Gamma and beta may be absent and the
 * channels may stand anywhere: stock tfjs has no gradient for either.
 *
 * @param done where `x` is y already (see {@link Finish}), ∂x is ∂z: the linear map's gradient has the scale in its kernel.
 */
export function bnActivation(
  x: tf.Tensor,
  { norm, activation = "linear", bias, done = false, isTrained }: BnActivation,
): tf.Tensor {
  const trained = [norm?.gamma, norm?.beta, bias].filter(isTrained) as WritableWeight[];
  const identity = done || (!norm && activation === "linear");
  if (identity && activation === "linear" && trained.length === 0) return x;
  const axis = norm ? channelAxis(norm, x.rank) : x.rank - 1;
  const keepsInput = norm !== undefined && !done && isTrained(norm.gamma);
  const op = tf.customGrad((...args) => {
    const input = args[0] as tf.Tensor;
    const save = args.at(-1) as tf.GradSaveFunc;
    const value = identity ? tf.clone(input) : forward(input, norm, activation, axis);
    if (keepsInput) save([input]);
    else if (activation !== "linear") save([value]);
    return {
      value,
      gradFunc: (dy, saved) => {
        const kept = (saved as tf.Tensor[])[0];
        const at = { norm, axis, done, trained, bias };
        return computeAndRelease(dy as tf.Tensor, saved as tf.Tensor[], () =>
          keepsInput
            ? throughInput(dy as tf.Tensor, kept as tf.Tensor, activation, at)
            : throughOutput(dy as tf.Tensor, kept, activation, at),
        );
      },
    };
  });
  return op(x, ...trained.map((weight) => weight.read()));
}

interface At {
  readonly norm: BatchNormLayer | undefined;
  readonly axis: number;
  readonly done: boolean;
  /** In the order of the gradients. */
  readonly trained: readonly WritableWeight[];
  readonly bias: WritableWeight | undefined;
}

function forward(x: tf.Tensor, norm: BatchNormLayer | undefined, activation: Activation, axis: number): tf.Tensor {
  return norm ? normalizeAndActivate(x, norm, activation, axis) : activate(x, activation);
}

/** act(γ·(x − μ)/√(σ² + ε) + β), by one kernel where the backend has it; the bits of the stock layers. */
export function normalizeAndActivate(
  x: tf.Tensor,
  norm: BatchNormLayer,
  activation: Activation,
  axis: number = channelAxis(norm, x.rank),
): tf.Tensor {
  const { movingMean, movingVariance, gamma, beta, epsilon } = norm;
  if (axis === x.rank - 1 && hasFusedKernel("GraftBatchNorm")) {
    return tf.engine().runKernel("GraftBatchNorm", { x, ...vectors(norm) }, { varianceEpsilon: epsilon, activation });
  }
  const vector = (weight: WeightLike): tf.Tensor1D =>
    tf.reshape(weight.read(), broadcastShape(x.rank, axis) as [number]);
  const normed = tf.batchNorm(
    x as tf.Tensor4D,
    vector(movingMean),
    vector(movingVariance),
    beta ? vector(beta) : undefined,
    gamma ? vector(gamma) : undefined,
    epsilon,
  );
  return activate(normed, activation);
}

/** Gradients from the kept x: gamma needs it. */
function throughInput(dy: tf.Tensor, x: tf.Tensor, activation: Activation, at: At): tf.Tensor[] {
  const norm = at.norm as BatchNormLayer;
  const { gamma, beta, epsilon } = norm;
  if (at.axis === x.rank - 1 && hasFusedKernel("GraftBatchNormGrad")) {
    const attrs = {
      varianceEpsilon: epsilon,
      activation,
      wantX: true,
      wantScale: true,
      wantOffset: beta != null && at.trained.includes(beta),
    };
    const [dx, ...rest] = tf.engine().runKernel<tf.Tensor[]>("GraftBatchNormGrad", { dy, x, ...vectors(norm) }, attrs);
    return [dx as tf.Tensor, ...rest, ...biasGradient(dx as tf.Tensor, at)];
  }
  const shape = broadcastShape(x.rank, at.axis);
  const axes = reductionAxes(x.rank, at.axis);
  const perDeviation = tf.rsqrt(tf.add(norm.movingVariance.read(), epsilon));
  const z = activation === "linear" ? x : forward(x, norm, "linear", at.axis);
  const dz = gradientAtInput(dy, z, activation);
  const centred = tf.sub(x, tf.reshape(norm.movingMean.read(), shape));
  const dGamma = tf.mul(tf.sum(tf.mul(dz, centred), axes), perDeviation);
  const dx = tf.mul(dz, tf.reshape(tf.mul(perDeviation, (gamma as WritableWeight).read()), shape));
  return [dx, dGamma, ...(beta && at.trained.includes(beta) ? [tf.sum(dz, axes)] : []), ...biasGradient(dx, at)];
}

/** Gradients from the kept y, or from nothing where the activation is linear. */
function throughOutput(dy: tf.Tensor, y: tf.Tensor | undefined, activation: Activation, at: At): tf.Tensor[] {
  const { norm, axis, done, trained, bias } = at;
  const { dz, sum } = activationGradient(dy, y, activation, axis, trained.length > 0);
  const scale = norm ? normScale(norm) : undefined;
  const dx = scale && !done ? tf.mul(dz, tf.reshape(scale, broadcastShape(dy.rank, axis))) : dz;
  const grads = trained.map((weight) =>
    weight === bias && scale ? tf.mul(sum as tf.Tensor, scale) : tf.clone(sum as tf.Tensor),
  );
  return [dx, ...grads];
}

/** ∂z = ∂y·act'(z) from the kept y, and its sum over all axes but that of the channels. */
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

/** γ/√(σ² + ε), one value a channel. */
export function normScale({ gamma, movingVariance, epsilon }: BatchNormLayer): tf.Tensor {
  const perDeviation = tf.rsqrt(tf.add(movingVariance.read(), epsilon));
  return gamma ? tf.mul(perDeviation, gamma.read()) : perDeviation;
}

function biasGradient(dx: tf.Tensor, { bias, axis, trained }: At): tf.Tensor[] {
  return bias && trained.includes(bias) ? [tf.sum(dx, reductionAxes(dx.rank, axis))] : [];
}

function vectors({ movingMean, movingVariance, gamma, beta }: BatchNormLayer): tf.NamedTensorMap {
  return {
    mean: movingMean.read(),
    variance: movingVariance.read(),
    ...(beta ? { offset: beta.read() } : {}),
    ...(gamma ? { scale: gamma.read() } : {}),
  };
}

/** A vector over `axis`, for broadcasting; over the last axis as it is, which stock kernels are fastest at. */
function broadcastShape(rank: number, axis: number): number[] {
  return axis === rank - 1 ? [-1] : Array.from({ length: rank }, (_, i) => (i === axis ? -1 : 1));
}

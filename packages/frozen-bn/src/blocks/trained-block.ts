import * as tf from "@tensorflow/tfjs-core";
import type { BatchNormLayer } from "../layers/batch-norm-layer.ts";
import type { IsTrained } from "../layers/trained-weights.ts";
import type { Activation } from "./activation.ts";
import { activationGradient, normalizeAndActivate } from "./bn-activation.ts";
import type { LinearLayer } from "./linear-layer.ts";
import { type NormedKernelGradient, normedKernelGradient } from "./normed-kernel-gradient.ts";
import { perInputGradient } from "./per-input-gradient.ts";
import { isInternalGradient } from "./release-gradients.ts";

/** A block whose kernel trains: linear map, batch norm at its statistics, activation. */
export interface TrainedBlock {
  readonly linear: LinearLayer;
  readonly norm: BatchNormLayer;
  readonly activation: Activation;
}

/**
 * y = act(γ·(L(x, w) + b − μ)/√(σ² + ε) + β): the bits of the stock layers forward, and gradients that take the batch norm's scale
 * s = γ/√(σ² + ε) into the kernel, which is small, rather than over the outputs.
 *
 * With z = what is activated, ∂z = ∂y·act'(z) and G = ∂z by x, the gradient of the kernel of L: ∂x = ∂z backwards through L with w·s,
 * ∂w = G·s, ∂b = s·Σ ∂z, ∂β = Σ ∂z, ∂γ = (Σ w·G + (b − μ)·Σ ∂z)/√(σ² + ε), for Σ ∂z·L(x, w) = Σ w·G where L is linear in w. Kept:
 * x, w, and y where there is an activation; stock keeps x twice, L(x, w) and z.
 */
export function trainedBlock(
  x: tf.Tensor,
  { linear, norm, activation }: TrainedBlock,
  isTrained: IsTrained,
): tf.Tensor {
  const { bias } = linear;
  const weights = { beta: norm.beta, bias, gamma: norm.gamma };
  const trained = Object.fromEntries(
    Object.entries(weights).flatMap(([name, weight]) => (weight && isTrained(weight) ? [[name, weight.read()]] : [])),
  ) as Readonly<Record<string, tf.Tensor>>;
  const kernel = linear.kernel.read();
  return perInputGradient({
    inputs: { x, ...trained, kernel },
    forward(save) {
      const y = normalizeAndActivate(linear.forward(x, kernel, bias?.read(), "linear"), norm, activation);
      save(activation === "linear" ? [x, kernel] : [x, kernel, y]);
      return y;
    },
    gradients(dy, saved) {
      const [input, held, y] = saved as [tf.Tensor, tf.Tensor, tf.Tensor?];
      const ours = isInternalGradient(dy);
      // What several gradients read.
      const shared = tf.tidy(() => {
        const { dz, sum } = activationGradient(dy, y, activation, dy.rank - 1, Object.keys(trained).length > 0);
        const gradient = linear.kernelGradient(input, dz, held.shape);
        return { dz, ...normedKernelGradient(held, gradient, sum, { linear, norm }, trained) } as never;
      }) as { readonly dz: tf.Tensor } & NormedKernelGradient;
      return {
        x: () => linear.inputGradient(input.shape, shared.dz, shared.scaled),
        beta: () => tf.clone(shared.beta as tf.Tensor),
        bias: () => tf.clone(shared.bias as tf.Tensor),
        gamma: () => tf.clone(shared.gamma as tf.Tensor),
        // The last one: nothing is needed after it, and tfjs would hold it until the whole backward pass is over.
        kernel: () => {
          const gradient = tf.clone(shared.kernel);
          if (ours) tf.dispose([dy, { ...shared }, ...saved]);
          return gradient;
        },
      };
    },
  });
}

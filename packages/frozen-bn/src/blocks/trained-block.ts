import * as tf from "@tensorflow/tfjs-core";
import type { BatchNormLayer } from "../layers/batch-norm-layer.ts";
import type { IsTrained } from "../layers/trained-weights.ts";
import type { Activation } from "./activation.ts";
import { normalizeAndActivate } from "./batch-norm-op.ts";
import { activationGradient } from "./bn-activation-gradients.ts";
import type { LinearLayer } from "./linear-layer.ts";
import { type NormedKernelGradient, normedKernelGradient } from "./normed-kernel-gradient.ts";
import { perInputGradient } from "./per-input-gradient.ts";
import { isInternalGradient } from "./release-gradients.ts";

/** A block with a kernel that trains: linear map, batch norm by its running statistics, activation. */
export interface TrainedBlock {
  readonly linear: LinearLayer;
  readonly norm: BatchNormLayer;
  readonly activation: Activation;
}

/**
 * Computes y = act(γ·(L(x, w) + b − μ)/√(σ² + ε) + β). The output has the same bits as that of the stock layers. The
 * gradients apply the scale s = γ/√(σ² + ε) of the batch norm to the kernel, which is smaller than the outputs.
 *
 * Let z be the input of the activation, ∂z = ∂y·act'(z), and G the gradient of the kernel of L for ∂z and x. Then ∂x = ∂z
 * backwards through L with w·s, ∂w = G·s, ∂b = s·Σ ∂z, ∂β = Σ ∂z and ∂γ = (Σ w·G + (b − μ)·Σ ∂z)/√(σ² + ε). The last one
 * holds because L is linear in w: Σ ∂z·L(x, w) = Σ w·G.
 *
 * It keeps x and w for the backward pass, and y if there is an activation. Stock tfjs keeps x twice, L(x, w) and z.
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
      const [input, savedKernel, y] = saved as [tf.Tensor, tf.Tensor, tf.Tensor?];
      const internal = isInternalGradient(dy);
      // Several gradients read these tensors.
      const shared = tf.tidy(() => {
        const { dz, sum } = activationGradient(dy, y, activation, dy.rank - 1, Object.keys(trained).length > 0);
        const gradient = linear.kernelGradient(input, dz, savedKernel.shape);
        return { dz, ...normedKernelGradient(savedKernel, gradient, sum, { linear, norm }, trained) } as never;
      }) as { readonly dz: tf.Tensor } & NormedKernelGradient;
      return {
        x: () => linear.inputGradient(input.shape, shared.dz, shared.scaled),
        beta: () => tf.clone(shared.beta as tf.Tensor),
        bias: () => tf.clone(shared.bias as tf.Tensor),
        gamma: () => tf.clone(shared.gamma as tf.Tensor),
        // This gradient is computed last. So the tensors can be freed here; tfjs would keep them until the end of the backward pass.
        kernel: () => {
          const gradient = tf.clone(shared.kernel);
          if (internal) tf.dispose([dy, { ...shared }, ...saved]);
          return gradient;
        },
      };
    },
  });
}

import * as tf from "@tensorflow/tfjs-core";
import type { Activation } from "./activation.ts";
import { isOurs } from "./backward.ts";
import { activationGradient, normalized, scaleOf } from "./finish.ts";
import { lazyOp } from "./lazy-op.ts";
import type { BatchNormLayer } from "./layer-view.ts";
import type { Linear } from "./linear.ts";
import type { IsTrained } from "./trained.ts";

/** A block whose kernel trains: linear map, batch norm at its statistics with a gamma that does not train, activation. */
export interface TunedBlock {
  readonly linear: Linear;
  readonly norm: BatchNormLayer;
  readonly activation: Activation;
}

/**
 * y = act(γ·(L(x, w) + b − μ)/√(σ² + ε) + β): the bits of the stock layers forward, and gradients that take the batch norm's scale
 * s = γ/√(σ² + ε) into the kernel, which is small, rather than over the outputs.
 *
 * With z = what is activated and ∂z = ∂y·act'(z): ∂x = ∂z backwards through L with w·s, ∂w = (∂z by x)·s, ∂b = s·Σ ∂z, ∂β = Σ ∂z. Kept:
 * x, w, and y where there is an activation; stock keeps x twice and z.
 */
export function tunedBlock(x: tf.Tensor, { linear, norm, activation }: TunedBlock, isTrained: IsTrained): tf.Tensor {
  const { bias } = linear;
  const beta = norm.beta ?? undefined;
  const trained = { ...(isTrained(beta) ? { beta } : {}), ...(isTrained(bias) ? { bias } : {}) };
  const isSummed = Object.keys(trained).length > 0;
  const vectors = Object.fromEntries(
    Object.entries(trained).map(([name, weight]) => [name, weight?.read() as tf.Tensor]),
  );
  const kernel = linear.kernel.read();
  return lazyOp({
    inputs: { x, ...vectors, kernel },
    forward(save) {
      const y = normalized(linear.forward(x, kernel, bias?.read(), "linear"), norm, activation);
      save(activation === "linear" ? [x, kernel] : [x, kernel, y]);
      return y;
    },
    gradients(dy, saved) {
      const [input, weights, y] = saved as [tf.Tensor, tf.Tensor, tf.Tensor?];
      const ours = isOurs(dy);
      const { dz, sum } = tf.tidy(() => activationGradient(dy, y, activation, dy.rank - 1, isSummed) as never) as {
        readonly dz: tf.Tensor;
        readonly sum?: tf.Tensor;
      };
      const scaled = (tensor: tf.Tensor): tf.Tensor => tf.mul(tensor, linear.perOutput(scaleOf(norm)));
      return {
        x: () => linear.inputGradient(input.shape, dz, scaled(weights)),
        beta: () => tf.clone(sum as tf.Tensor),
        bias: () => tf.mul(sum as tf.Tensor, scaleOf(norm)),
        // The last one: nothing is needed after it, and tfjs would hold it until the whole backward pass is over.
        kernel: () => {
          const gradient = scaled(linear.kernelGradient(input, dz, weights.shape));
          if (ours) tf.dispose([dy, dz, ...(sum ? [sum] : []), ...saved]);
          return gradient;
        },
      };
    },
  });
}

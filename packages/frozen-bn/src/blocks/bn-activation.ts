import * as tf from "@tensorflow/tfjs-core";
import { type BatchNormLayer, channelAxis } from "../layers/batch-norm-layer.ts";
import type { IsTrained } from "../layers/trained-weights.ts";
import { type Activation, activate } from "./activation.ts";
import { normalizeAndActivate } from "./batch-norm-op.ts";
import { type GradientInfo, gradientsFromInput, gradientsFromOutput } from "./bn-activation-gradients.ts";
import { computeAndRelease } from "./release-gradients.ts";
import type { WritableWeight } from "../layers/writable-weight.ts";

/** The part of a block after its linear map. */
export interface BnActivation {
  readonly norm?: BatchNormLayer | undefined;
  /** @default "linear" */
  readonly activation?: Activation;
  /** The bias of the linear map. It is already added to the input; here it only gets its gradient. */
  readonly bias?: WritableWeight | undefined;
  /** Whether the linear map's kernel has already applied batch norm and activation to the input. @default false */
  readonly applied?: boolean;
  readonly isTrained: IsTrained;
}

/**
 * Computes y = act(γ·(x − μ)/√(σ² + ε) + β) with constant μ and σ², as one op with its own gradient. The output has the same
 * bits as that of the stock layers in inference.
 *
 * Let z be the input of the activation. Then ∂z = ∂y·act'(z), ∂x = ∂z·γ/√(σ² + ε), ∂γ = Σ ∂z·(x − μ)/√(σ² + ε) and ∂β = Σ ∂z.
 * The bias inside x gets ∂b = Σ ∂x. If `applied`, the input x is already y. Then ∂x = ∂z, because the gradient of the
 * linear map has the scale in its kernel.
 *
 * It keeps one tensor for the backward pass: x if gamma trains, otherwise y if there is an activation (Rota Bulò et al. 2018
 * keep y too), otherwise none. Stock tfjs keeps x and z. Gamma and beta can be absent, and the channels can be any axis;
 * stock tfjs has no gradient in these cases.
 */
export function bnActivation(
  x: tf.Tensor,
  { norm, activation = "linear", bias, applied = false, isTrained }: BnActivation,
): tf.Tensor {
  const trained = [norm?.gamma, norm?.beta, bias].filter(isTrained) as WritableWeight[];
  const unchanged = applied || (!norm && activation === "linear");
  if (unchanged && activation === "linear" && trained.length === 0) return x;
  const axis = norm ? channelAxis(norm, x.rank) : x.rank - 1;
  const keepsInput = norm !== undefined && !applied && isTrained(norm.gamma);
  const op = tf.customGrad((...args) => {
    const input = args[0] as tf.Tensor;
    const save = args.at(-1) as tf.GradSaveFunc;
    const value = unchanged
      ? tf.clone(input)
      : norm
        ? normalizeAndActivate(input, norm, activation, axis)
        : activate(input, activation);
    if (keepsInput) save([input]);
    else if (activation !== "linear") save([value]);
    return {
      value,
      gradFunc: (dy, saved) => {
        const kept = (saved as tf.Tensor[])[0];
        const info: GradientInfo = { norm, axis, applied, trained, bias, activation };
        return computeAndRelease(dy as tf.Tensor, saved as tf.Tensor[], () =>
          keepsInput
            ? gradientsFromInput(dy as tf.Tensor, kept as tf.Tensor, info)
            : gradientsFromOutput(dy as tf.Tensor, kept, info),
        );
      },
    };
  });
  return op(x, ...trained.map((weight) => weight.read()));
}

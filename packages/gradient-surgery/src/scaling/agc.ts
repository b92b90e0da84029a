import {
  mapTensors,
  type OptimizerHook,
  type OptionsSchema,
  optionsSchema,
  type ParamInfo,
  stateless,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { normOver, withinUnit } from "../numeric/unit-norm.ts";

/** Options of {@link agc}. */
export interface AgcOptions {
  /** Largest ratio of gradient norm to weight norm of a unit, > 0. @default 0.01 */
  readonly clipping?: number;
  /** The weight norm of a unit counts as at least this, > 0. Otherwise a unit that starts at 0 could never move. @default 1e-3 */
  readonly epsilon?: number;
}

/** Schema of {@link AgcOptions}. */
export const agcOptions: OptionsSchema<AgcOptions, "clipping" | "epsilon"> = optionsSchema<
  AgcOptions,
  "clipping" | "epsilon"
>({
  clipping: {
    type: "number",
    exclusiveMinimum: 0,
    default: 0.01,
    description: "Largest ratio of gradient norm to weight norm of a unit",
  },
  epsilon: {
    type: "number",
    exclusiveMinimum: 0,
    default: 1e-3,
    description: "The weight norm of a unit counts as at least this",
  },
});

/**
 * Clips each output unit of the gradient relative to its weights: adaptive gradient clipping (Brock et al. 2021, NFNets,
 * equation 3). If ‖gᵢ‖ exceeds λ·max(‖wᵢ‖, ε), then gᵢ ← gᵢ·λ·max(‖wᵢ‖, ε) / ‖gᵢ‖.
 *
 * A unit is a column of a dense kernel, an output channel of a convolution, or an (in, multiplier) pair of a depthwise
 * kernel. A vector or a scalar is one unit, as in the authors' code. The paper leaves out the last linear layer: use a mask.
 * The hook has no state.
 *
 * @throws OptionsError if an option is not positive.
 */
export function agc(options: AgcOptions = {}): OptimizerHook<null> {
  const { clipping, epsilon } = agcOptions.parse("agc", options);
  return stateless("agc", (grads, { params, infos }) => {
    const byName = new Map(infos.map((info) => [info.name, info]));
    return mapTensors(grads, (g, name) =>
      tf.tidy(() => {
        const axes = withinUnit(byName.get(name) as ParamInfo);
        const limit = tf.mul(tf.maximum(normOver(params[name] as tf.Tensor, axes), epsilon), clipping);
        return tf.mul(g, tf.div(limit, tf.maximum(normOver(g, axes), limit)));
      }),
    );
  });
}

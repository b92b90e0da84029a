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

export interface AgcOptions {
  /** Largest ratio of gradient norm to weight norm of a unit, > 0. @default 0.01 */
  readonly clipping?: number;
  /** Least weight norm of a unit, > 0: without it a unit that starts at 0 would stay there for ever. @default 1e-3 */
  readonly epsilon?: number;
}

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
 * Adaptive gradient clipping (Brock et al. 2021, NFNets, equation 3): for each output unit gᵢ ← gᵢ·λ·max(‖wᵢ‖, ε) / ‖gᵢ‖
 * where ‖gᵢ‖ exceeds λ·max(‖wᵢ‖, ε). Units as tfjs lays them out: columns of a dense kernel, output channels of HWIO,
 * (in, multiplier) of a depthwise kernel; a vector or a scalar is one unit, as in the authors' code.
 *
 * The paper leaves the last linear layer out: use a mask. No state.
 * @throws OptionsError where an option is not positive.
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

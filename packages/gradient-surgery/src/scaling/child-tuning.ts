import { mapTensors, type OptimizerHook, type OptionsSchema, optionsSchema, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { HostWeights } from "../continual/host-weights.ts";
import { tensorSeed } from "../numeric/tensor-seed.ts";

/** Options of {@link childTuning}. */
export interface ChildTuningOptions {
  /** Share of the elements that train, in (0, 1]. @default 0.3 */
  readonly keep?: number;
  /** Seed of the random choice, if `fisher` is not given. @default 0 */
  readonly seed?: number;
  /**
   * Fisher information by parameter name, from `fisherInformation`. With it, the elements with the largest values train (the
   * task-driven form). Without it, random elements train, and others at each step (the task-free form).
   */
  readonly fisher?: HostWeights;
}

/** Masks by parameter name: 1 if an element trains, else 0. Empty in the task-free form. */
export type ChildTuningState = { readonly mask: TensorMap };

/** Schema of {@link ChildTuningOptions}. */
export const childTuningOptions: OptionsSchema<ChildTuningOptions, "keep" | "seed"> = optionsSchema<
  ChildTuningOptions,
  "keep" | "seed"
>({
  keep: {
    type: "number",
    exclusiveMinimum: 0,
    maximum: 1,
    default: 0.3,
    description: "Share of the elements that is trained",
  },
  seed: { type: "integer", minimum: 0, default: 0, description: "Seed of the random choice, if `fisher` is not given" },
  fisher: {
    type: "object",
    description: "Fisher information by parameter name. With it, the most informative elements are trained",
  },
});

/**
 * Trains only a share of the elements at each step: Child-Tuning (Xu et al. 2021).
 *
 * Without `fisher` it is the task-free form F (algorithm 1): g ← g ⊙ Bernoulli(keep) / keep. The random choice depends on
 * seed, step and parameter name. With `fisher` it is the task-driven form D (section 3.3): g ← g ⊙ mask, and the mask
 * selects the share `keep` with the largest Fisher values, over all parameters that have such values. Other parameters are
 * unchanged.
 *
 * The moments of Adam see the masked gradient, as in the authors' code. State: none for F, one mask per parameter for D.
 *
 * @throws OptionsError if an option is out of range.
 */
export function childTuning(options: ChildTuningOptions = {}): OptimizerHook<ChildTuningState> {
  const { keep, seed, fisher } = childTuningOptions.parse("child-tuning", options);
  const limit = fisher && keep < 1 ? threshold(fisher, keep) : Number.NEGATIVE_INFINITY;
  return {
    name: "child-tuning",
    init(params) {
      const masked = fisher ? Object.entries(params).filter(([name]) => fisher[name]) : [];
      const mask = masked.map(([name, { shape }]) => {
        const values = Float32Array.from(fisher?.[name] as Float32Array, (value) => (value >= limit ? 1 : 0));
        return [name, tf.tensor(values, shape)] as const;
      });
      return { mask: Object.fromEntries(mask) };
    },
    transform(grads, state, { step }) {
      const applyRandomMask = (g: tf.Tensor, name: string): tf.Tensor =>
        tf.tidy(() => {
          const uniform = tf.randomUniform(g.shape, 0, 1, "float32", tensorSeed(seed, step, name));
          return tf.mul(g, tf.div(tf.cast(tf.less(uniform, keep), "float32"), keep));
        });
      const applyFixedMask = (g: tf.Tensor, name: string): tf.Tensor => {
        const mask = state.mask[name];
        return mask ? tf.mul(g, mask) : g;
      };
      return { grads: mapTensors(grads, fisher ? applyFixedMask : applyRandomMask), state };
    },
  };
}

/** Returns the value that the share `keep` of all elements reaches or exceeds. */
function threshold(fisher: HostWeights, keep: number): number {
  const sorted = Float32Array.from(Object.values(fisher).flatMap((values) => [...values])).sort();
  return sorted[Math.min(sorted.length - 1, Math.round(sorted.length * (1 - keep)))] as number;
}

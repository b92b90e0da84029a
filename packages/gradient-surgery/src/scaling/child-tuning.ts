import { mapTensors, type OptimizerHook, type OptionsSchema, optionsSchema, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { HostWeights } from "../continual/host-weights.ts";
import { tensorSeed } from "../numeric/tensor-seed.ts";

export interface ChildTuningOptions {
  /** Share of the elements that is trained, in (0, 1]. @default 0.3 */
  readonly keep?: number;
  /** Seed of the draw of the task-free form. @default 0 */
  readonly seed?: number;
  /**
   * Fisher information by parameter name, from `fisherInformation`: the task-driven form, which trains the elements with
   * the largest. Left out: the task-free form, which draws again in each step.
   */
  readonly fisher?: HostWeights;
}

/** 1 where an element is trained, by parameter name; empty in the task-free form. */
export type ChildTuningState = { readonly mask: TensorMap };

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
  seed: { type: "integer", default: 0, description: "Seed of the random choice, if `fisher` is not given" },
  fisher: {
    type: "object",
    description: "Fisher information by parameter name. With it, the most informative elements are trained",
  },
});

/**
 * Child-Tuning (Xu et al. 2021). Without `fisher` the task-free form F: g ← g ⊙ Bernoulli(keep) / keep, drawn again in each
 * step from seed, step and name (algorithm 1). With it the task-driven form D: a fixed mask of the `keep` largest Fisher
 * values over all parameters that have some; g ← g ⊙ mask, and parameters without Fisher values pass (section 3.3).
 *
 * Stands before the rule: Adam's moments see the masked gradient, as in the authors' code.
 * State: none for F; a mask as large as the parameters for D.
 * @throws OptionsError if an option is out of range.
 */
export function childTuning(options: ChildTuningOptions = {}): OptimizerHook<ChildTuningState> {
  const { keep, seed, fisher } = childTuningOptions.parse("child-tuning", options);
  const limit = fisher && keep < 1 ? largest(fisher, keep) : Number.NEGATIVE_INFINITY;
  return {
    name: "child-tuning",
    init(params) {
      const masked = fisher ? Object.entries(params).filter(([name]) => fisher[name]) : [];
      const mask = masked.map(([name, { shape }]) => {
        const kept = Float32Array.from(fisher?.[name] as Float32Array, (value) => (value >= limit ? 1 : 0));
        return [name, tf.tensor(kept, shape)] as const;
      });
      return { mask: Object.fromEntries(mask) };
    },
    transform(grads, state, { step }) {
      const drawn = (g: tf.Tensor, name: string): tf.Tensor =>
        tf.tidy(() => {
          const uniform = tf.randomUniform(g.shape, 0, 1, "float32", tensorSeed(seed, step, name));
          return tf.mul(g, tf.div(tf.cast(tf.less(uniform, keep), "float32"), keep));
        });
      const fixed = (g: tf.Tensor, name: string): tf.Tensor => {
        const mask = state.mask[name];
        return mask ? tf.mul(g, mask) : g;
      };
      return { grads: mapTensors(grads, fisher ? fixed : drawn), state };
    },
  };
}

/** The value that a share `keep` of all elements reaches or exceeds. */
function largest(fisher: HostWeights, keep: number): number {
  const sorted = Float32Array.from(Object.values(fisher).flatMap((values) => [...values])).sort();
  return sorted[Math.min(sorted.length - 1, Math.round(sorted.length * (1 - keep)))] as number;
}

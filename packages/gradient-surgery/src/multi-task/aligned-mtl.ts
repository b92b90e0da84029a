import { type OptionsSchema, optionsSchema, type WeighingCombiner } from "@graftjs/core";
import { eigen } from "./eigen.ts";
import { preferenceOption, preferenceVector, type TaskPreference } from "./preference.ts";
import { RANK_TOLERANCE } from "./rank-tolerance.ts";
import { granularityOption, type WeighingOptions, weighingCombiner } from "./weighing-combiner.ts";

/** Options of {@link alignedMtl}. */
export interface AlignedMtlOptions extends WeighingOptions {
  /** The principal size that all gradients are scaled to: the smallest, the median, or the root mean square. @default "min" */
  readonly scale?: "min" | "median" | "rmse";
  /** Weight of each task, by name. @default all are equal */
  readonly preference?: TaskPreference;
}

/** Schema of {@link AlignedMtlOptions}. */
export const alignedMtlOptions: OptionsSchema<AlignedMtlOptions, "scale"> = optionsSchema<AlignedMtlOptions, "scale">({
  scale: {
    enum: ["min", "median", "rmse"],
    default: "min",
    description: "Principal size that all gradients are scaled to",
  },
  preference: preferenceOption,
  granularity: granularityOption,
});

/**
 * Makes the gradients orthogonal and equally large, then takes their mean: Aligned-MTL (Senushkin et al. 2023, algorithm 1).
 * With G = VΛVᵀ, the weights are B·preference with B = √λ·VΛ^(−1/2)Vᵀ, over the eigenvalues that are not 0. The combiner has
 * no state.
 *
 * @throws OptionsError if an option is unknown or out of range; RecipeError at a step if `preference` does not fit the tasks.
 */
export function alignedMtl(options: AlignedMtlOptions = {}): WeighingCombiner<null> {
  const { scale, preference } = alignedMtlOptions.parse("aligned-mtl", options);
  return weighingCombiner("aligned-mtl", options, (gram, tasks) => {
    const share = preferenceVector("aligned-mtl", preference, tasks);
    const m = tasks.length;
    const largest = gram.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    if (largest === 0) return share;
    const { values, vectors } = eigen(gram.map((value) => value / largest));
    const floor = RANK_TOLERANCE * (values[m - 1] as number);
    const nonZero = [...values.keys()].filter((k) => (values[k] as number) > floor);
    const size = principal(
      Float64Array.from(nonZero, (k) => values[k] as number),
      scale,
    );
    const weights = new Float64Array(m);
    for (const k of nonZero) {
      const vector = vectors[k] as Float64Array;
      const along = vector.reduce((sum, v, i) => sum + v * (share[i] as number), 0);
      const factor = Math.sqrt(size / (values[k] as number)) * along;
      for (let i = 0; i < m; i++) weights[i] = (weights[i] as number) + factor * (vector[i] as number);
    }
    return weights;
  });
}

/** Returns the principal size of ascending eigenvalues. Of an even number of values, the lower median is used, as in torch. */
function principal(values: Float64Array, scale: "min" | "median" | "rmse"): number {
  if (scale === "min") return values[0] as number;
  if (scale === "median") return values[Math.floor((values.length - 1) / 2)] as number;
  return values.reduce((a, b) => a + b, 0) / values.length;
}

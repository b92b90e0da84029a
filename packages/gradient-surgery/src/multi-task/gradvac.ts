import { type OptionsSchema, optionsSchema, seeded, type WeighingCombiner } from "@graftjs/core";
import { assertGramian, granularityOption, type WeighingOptions } from "./weighing-combiner.ts";

/** Options of {@link gradvac}. */
export interface GradvacOptions extends WeighingOptions {
  /** Share of the new cosine in the running average, in [0, 1]. @default 0.5 */
  readonly beta?: number;
  /** Seed of the order in which each task is compared with the others. @default 0 */
  readonly seed?: number;
}

/** Target cosines, by group, by task, and by other task. */
export type GradvacState = {
  readonly [group: string]: { readonly [task: string]: { readonly [other: string]: number } };
};

/** Schema of {@link GradvacOptions}. */
export const gradvacOptions: OptionsSchema<GradvacOptions, "beta" | "seed"> = optionsSchema<
  GradvacOptions,
  "beta" | "seed"
>({
  beta: {
    type: "number",
    minimum: 0,
    maximum: 1,
    default: 0.5,
    description: "Share of the new cosine in the average of past cosines",
  },
  seed: {
    type: "integer",
    minimum: 0,
    default: 0,
    description: "Seed of the order in which each task is compared with the others",
  },
  granularity: granularityOption,
});

/**
 * Brings the gradients of two tasks to the cosine that they usually have: GradVac (Wang et al. 2021, equation 5 and algorithm
 * 1). If the cosine ρ of gᵢ and gⱼ is below its running average ρ̂, a multiple of gⱼ is added to gᵢ, so that the cosine becomes
 * ρ̂. Then ρ̂ ← (1−β)ρ̂ + βρ. The update is the sum of the changed gradients. The averages start at 0, and with 0 it is PCGrad.
 *
 * State: one number per pair of tasks and group. The order of comparisons depends on seed, step and names.
 *
 * @throws OptionsError if an option is unknown or out of range.
 */
export function gradvac(options: GradvacOptions = {}): WeighingCombiner<GradvacState> {
  const { beta, seed, granularity = "whole" } = gradvacOptions.parse("gradvac", options);
  return {
    name: "gradvac",
    granularity,
    init: () => ({}),
    weigh(gram, tasks, state, { step, group }) {
      assertGramian("gradvac", gram, tasks);
      const m = tasks.length;
      const weights = new Float64Array(m);
      const next: Record<string, Record<string, number>> = {};
      for (const [i, task] of tasks.entries()) {
        // The coefficients of the changed gradient. With them, its dot products follow from G.
        const c = new Float64Array(m);
        c[i] = 1;
        const against = (j: number): number =>
          c.reduce((sum, value, k) => sum + value * (gram[j * m + k] as number), 0);
        const targets: Record<string, number> = { ...state[group]?.[task] };
        const others = tasks
          .map((other, j) => ({ other, j, at: seeded(seed, step, group, task, other)() }))
          .filter(({ j }) => j !== i)
          .sort((a, b) => a.at - b.at);
        for (const { other, j } of others) {
          const target = targets[other] ?? 0;
          const norm = Math.sqrt(
            Math.max(
              c.reduce((sum, value, k) => sum + value * against(k), 0),
              0,
            ),
          );
          const otherNorm = Math.sqrt(Math.max(gram[j * m + j] as number, 0));
          // A zero gradient has no direction, so the target stays.
          if (norm === 0 || otherNorm === 0) continue;
          const cosine = Math.min(1, Math.max(-1, against(j) / norm / otherNorm));
          if (cosine < target) c[j] = (c[j] as number) + (norm / otherNorm) * vaccine(cosine, target);
          targets[other] = (1 - beta) * target + beta * cosine;
        }
        next[task] = targets;
        for (let k = 0; k < m; k++) weights[k] = (weights[k] as number) + (c[k] as number);
      }
      return { weights, state: { ...state, [group]: next } };
    },
  };
}

/** Computes the factor of equation 5: adding it times a unit vector at cosine ρ to a unit vector gives the cosine ρ̂. */
function vaccine(cosine: number, target: number): number {
  const rest = Math.sqrt(Math.max(1 - target * target, 0));
  if (rest === 0) return 0;
  return (target * Math.sqrt(Math.max(1 - cosine * cosine, 0)) - cosine * rest) / rest;
}

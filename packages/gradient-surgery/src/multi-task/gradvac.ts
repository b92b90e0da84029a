import { type OptionsSchema, optionsSchema, seeded, type WeighingCombiner } from "@graftjs/core";
import { assertGramian, granularityOption, type WeighingOptions } from "./weighing-combiner.ts";

export interface GradvacOptions extends WeighingOptions {
  /** Share of the new cosine in the target, in [0, 1]. @default 0.5 */
  readonly beta?: number;
  /** Seed of the order in which a task meets the others. @default 0 */
  readonly seed?: number;
}

/** Cosines aimed at: by group, by task, by other task. */
export type GradvacState = {
  readonly [group: string]: { readonly [task: string]: { readonly [other: string]: number } };
};

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
    default: 0,
    description: "Seed of the order in which each task is compared with the others",
  },
  granularity: granularityOption,
});

/**
 * GradVac (Wang et al. 2021, equation 5 and algorithm 1): where the cosine ρ of two tasks falls below its running mean
 * ρ̂, gⱼ is added to gᵢ until it is ρ̂ again, whether or not they conflict; then ρ̂ ← (1−β)ρ̂ + βρ. The update is the sum.
 * With the targets at 0, as they start, it is PCGrad.
 *
 * State: a number a pair of tasks and group. The order is drawn from seed, step and names.
 * @throws OptionsError if an option is out of range or unknown.
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
        // The changed gradient as coefficients of the original ones, so that its dot products need G alone.
        const c = new Float64Array(m);
        c[i] = 1;
        const against = (j: number): number =>
          c.reduce((sum, value, k) => sum + value * (gram[j * m + k] as number), 0);
        const targets: Record<string, number> = { ...state[group]?.[task] };
        const met = tasks
          .map((other, j) => ({ other, j, at: seeded(seed, step, group, task, other)() }))
          .filter(({ j }) => j !== i)
          .sort((a, b) => a.at - b.at);
        for (const { other, j } of met) {
          const target = targets[other] ?? 0;
          const own = Math.sqrt(
            Math.max(
              c.reduce((sum, value, k) => sum + value * against(k), 0),
              0,
            ),
          );
          const theirs = Math.sqrt(Math.max(gram[j * m + j] as number, 0));
          // A zero gradient has no direction, and leaves the target as it is.
          if (own === 0 || theirs === 0) continue;
          const cosine = Math.min(1, Math.max(-1, against(j) / own / theirs));
          if (cosine < target) c[j] = (c[j] as number) + (own / theirs) * vaccine(cosine, target);
          targets[other] = (1 - beta) * target + beta * cosine;
        }
        next[task] = targets;
        for (let k = 0; k < m; k++) weights[k] = (weights[k] as number) + (c[k] as number);
      }
      return { weights, state: { ...state, [group]: next } };
    },
  };
}

/** How much of a unit vector at cosine ρ to add to a unit vector to bring the cosine to ρ̂ (equation 5). */
function vaccine(cosine: number, target: number): number {
  const rest = Math.sqrt(Math.max(1 - target * target, 0));
  if (rest === 0) return 0;
  return (target * Math.sqrt(Math.max(1 - cosine * cosine, 0)) - cosine * rest) / rest;
}

import { type OptionsSchema, optionsSchema, seeded, type WeighingCombiner } from "@graftjs/core";
import { granularityOption, type WeighingOptions, weighingCombiner } from "./weighing-combiner.ts";

/** Options of {@link pcgrad}. */
export interface PcgradOptions extends WeighingOptions {
  /** Seed of the order in which each task is compared with the others. @default 0 */
  readonly seed?: number;
  /** Sum of the projected gradients, as in the paper, or their mean. @default "sum" */
  readonly reduction?: "sum" | "mean";
}

/** Schema of {@link PcgradOptions}. */
export const pcgradOptions: OptionsSchema<PcgradOptions, "seed" | "reduction"> = optionsSchema<
  PcgradOptions,
  "seed" | "reduction"
>({
  seed: {
    type: "integer",
    minimum: 0,
    default: 0,
    description: "Seed of the order in which each task is compared with the others",
  },
  reduction: { enum: ["sum", "mean"], default: "sum", description: "Sum or mean of the projected gradients" },
  granularity: granularityOption,
});

/**
 * Projects the conflicts out of the gradient of each task: PCGrad (Yu et al. 2020, algorithm 1). Each gradient gᵢ is compared
 * with the original gradients gⱼ of the others, in random order. If gᵢ·gⱼ < 0, then gᵢ ← gᵢ − (gᵢ·gⱼ)/‖gⱼ‖²·gⱼ.
 *
 * The order depends on seed, step and the names of the tasks. The combiner has no state.
 *
 * @throws OptionsError if an option is unknown or out of range.
 */
export function pcgrad(options: PcgradOptions = {}): WeighingCombiner<null> {
  const { seed, reduction } = pcgradOptions.parse("pcgrad", options);
  return weighingCombiner("pcgrad", options, (gram, tasks, { step, group }) => {
    const m = tasks.length;
    const weights = new Float64Array(m);
    for (const [i, task] of tasks.entries()) {
      // The coefficients of the projected gradient. With them, its dot products follow from G.
      const c = new Float64Array(m);
      c[i] = 1;
      const others = tasks
        .map((other, j) => ({ j, at: seeded(seed, step, group, task, other)() }))
        .filter(({ j }) => j !== i)
        .sort((a, b) => a.at - b.at);
      for (const { j } of others) {
        const dot = c.reduce((sum, value, k) => sum + value * (gram[j * m + k] as number), 0);
        const square = gram[j * m + j] as number;
        if (dot < 0 && square > 0) c[j] = (c[j] as number) - dot / square;
      }
      for (let k = 0; k < m; k++) weights[k] = (weights[k] as number) + (c[k] as number);
    }
    return reduction === "mean" ? weights.map((w) => w / m) : weights;
  });
}

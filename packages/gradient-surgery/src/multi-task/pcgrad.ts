import { type OptionsSchema, optionsSchema, seeded, type WeighingCombiner } from "@graftjs/core";
import { granularityOption, type WeighingOptions, weighingCombiner } from "./weighing-combiner.ts";

export interface PcgradOptions extends WeighingOptions {
  /** Seed of the order in which a task meets the others. @default 0 */
  readonly seed?: number;
  /** `"sum"` of the projected gradients as in the paper, or their `"mean"`. @default "sum" */
  readonly reduction?: "sum" | "mean";
}

export const pcgradOptions: OptionsSchema<PcgradOptions, "seed" | "reduction"> = optionsSchema<
  PcgradOptions,
  "seed" | "reduction"
>({
  seed: {
    type: "integer",
    default: 0,
    description: "Seed of the order in which each task is compared with the others",
  },
  reduction: { enum: ["sum", "mean"], default: "sum", description: "Sum or mean of the projected gradients" },
  granularity: granularityOption,
});

/**
 * PCGrad (Yu et al. 2020, algorithm 1): each task's gradient meets the others in random order and loses its component
 * against those it conflicts with, gᵢ ← gᵢ − (gᵢ·gⱼ)/‖gⱼ‖²·gⱼ where gᵢ·gⱼ < 0, always against the original gⱼ.
 *
 * The order is drawn from seed, step and the names of the tasks. No state.
 * @throws OptionsError if an option is out of range or unknown.
 */
export function pcgrad(options: PcgradOptions = {}): WeighingCombiner<null> {
  const { seed, reduction } = pcgradOptions.parse("pcgrad", options);
  return weighingCombiner("pcgrad", options, (gram, tasks, { step, group }) => {
    const m = tasks.length;
    const weights = new Float64Array(m);
    for (const [i, task] of tasks.entries()) {
      // The projected gradient as coefficients of the original ones, so that its dot products need G alone.
      const c = new Float64Array(m);
      c[i] = 1;
      const met = tasks
        .map((other, j) => ({ j, at: seeded(seed, step, group, task, other)() }))
        .filter(({ j }) => j !== i)
        .sort((a, b) => a.at - b.at);
      for (const { j } of met) {
        const dot = c.reduce((sum, value, k) => sum + value * (gram[j * m + k] as number), 0);
        const square = gram[j * m + j] as number;
        if (dot < 0 && square > 0) c[j] = (c[j] as number) - dot / square;
      }
      for (let k = 0; k < m; k++) weights[k] = (weights[k] as number) + (c[k] as number);
    }
    return reduction === "mean" ? weights.map((w) => w / m) : weights;
  });
}

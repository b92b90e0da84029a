import { type OptionsSchema, optionsSchema, type WeighingCombiner } from "@graftjs/core";
import { correlation } from "./correlation.ts";
import { memoryTasks } from "./memory-tasks.ts";
import { solveQuadraticProgram } from "./quadratic-program.ts";
import { granularityOption, type WeighingOptions, weighingCombiner } from "./weighing-combiner.ts";

export interface GemOptions extends WeighingOptions {
  /** Names of the tasks whose losses are over remembered examples, one for each old task. @default all but the first */
  readonly memories?: readonly string[];
  /** Least weight of each memory once one conflicts, ≥ 0: helps old tasks beyond not hurting them. @default 0.5 */
  readonly margin?: number;
}

export const gemOptions: OptionsSchema<GemOptions, "margin"> = optionsSchema<GemOptions, "margin">({
  memories: {
    type: "array",
    items: { type: "string" },
    description: "Tasks whose losses are over remembered examples. Default: all except the first",
  },
  margin: {
    type: "number",
    minimum: 0,
    default: 0.5,
    description: "Smallest weight of each memory if one of them conflicts",
  },
  granularity: granularityOption,
});

/**
 * GEM (Lopez-Paz & Ranzato 2017, equations 8–12): the gradient g on new examples is used as it is, unless it would raise
 * the loss of one of the old tasks; then g + Mᵀv with v = argmin ½vᵀMMᵀv + (Mg)ᵀv over v ≥ margin, the rows of M being
 * the gradients on the memories. With several new tasks g is their sum. No state.
 *
 * @throws OptionsError if an option is out of range or unknown; RecipeError at the step if a memory has no loss.
 */
export function gem(options: GemOptions = {}): WeighingCombiner<null> {
  const { margin } = gemOptions.parse("gem", options);
  return weighingCombiner("gem", options, (gram, tasks) => {
    const m = tasks.length;
    const old = memoryTasks("gem", options.memories ?? tasks.slice(1), tasks);
    const weights = Float64Array.from(tasks, (_, i) => (old.includes(i) ? 0 : 1));
    const dots = old.map((r) => weights.reduce((sum, w, i) => sum + w * (gram[r * m + i] as number), 0));
    if (dots.every((dot) => dot >= 0)) return weights;
    const { norms, cosines } = correlation(gram);
    const live = old.filter((r) => (norms[r] as number) > 0);
    const P = Float64Array.from(live.flatMap((i) => live.map((j) => cosines[i * m + j] as number)));
    // v = margin + D⁻¹z, so that the program is in z ≥ 0 and in the cosines.
    const slope = live.map((r) => {
      const atMargin = live.reduce((sum, j) => sum + margin * (gram[r * m + j] as number), 0);
      return (atMargin + (dots[old.indexOf(r)] as number)) / (norms[r] as number);
    });
    const scale = slope.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    const z = scale === 0 ? slope : solveQuadraticProgram({ P, q: Float64Array.from(slope, (s) => s / scale) });
    for (const r of old) weights[r] = margin;
    for (const [k, r] of live.entries()) weights[r] = margin + ((z[k] as number) * scale) / (norms[r] as number);
    return weights;
  });
}

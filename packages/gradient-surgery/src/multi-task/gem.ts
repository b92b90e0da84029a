import { type OptionsSchema, optionsSchema, type WeighingCombiner } from "@graftjs/core";
import { correlation } from "./correlation.ts";
import { memoryTasks } from "./memory-tasks.ts";
import { solveQuadraticProgram } from "./quadratic-program.ts";
import { granularityOption, type WeighingOptions, weighingCombiner } from "./weighing-combiner.ts";

/** Options of {@link gem}. */
export interface GemOptions extends WeighingOptions {
  /** Names of the tasks whose losses are over remembered examples, one per old task. @default all except the first */
  readonly memories?: readonly string[];
  /** Smallest weight of each memory if one of them conflicts, ≥ 0. A larger value also improves old tasks. @default 0.5 */
  readonly margin?: number;
}

/** Schema of {@link GemOptions}. */
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
 * Learns a new task without raising the loss of any of several old tasks: GEM (Lopez-Paz & Ranzato 2017, equations 8–12).
 *
 * Let g be the gradient on new examples, and let the rows of M be the gradients on the memories. If g raises no loss of a
 * memory, the update is g. Otherwise it is g + Mᵀv, and v minimizes ½vᵀMMᵀv + (Mg)ᵀv over v ≥ margin. With several new tasks,
 * g is the sum of their gradients. The combiner has no state.
 *
 * @throws OptionsError if an option is unknown or out of range; RecipeError at a step without one of the memories.
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
    const nonZero = old.filter((r) => (norms[r] as number) > 0);
    const P = Float64Array.from(nonZero.flatMap((i) => nonZero.map((j) => cosines[i * m + j] as number)));
    // With v = margin + D⁻¹z it is a program in the cosines with z ≥ 0.
    const slope = nonZero.map((r) => {
      const atMargin = nonZero.reduce((sum, j) => sum + margin * (gram[r * m + j] as number), 0);
      return (atMargin + (dots[old.indexOf(r)] as number)) / (norms[r] as number);
    });
    const scale = slope.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    const z = scale === 0 ? slope : solveQuadraticProgram({ P, q: Float64Array.from(slope, (s) => s / scale) });
    for (const r of old) weights[r] = margin;
    for (const [k, r] of nonZero.entries()) weights[r] = margin + ((z[k] as number) * scale) / (norms[r] as number);
    return weights;
  });
}

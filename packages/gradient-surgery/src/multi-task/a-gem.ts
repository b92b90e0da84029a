import { type OptionsSchema, optionsSchema, type WeighingCombiner } from "@graftjs/core";
import { memoryTasks } from "./memory-tasks.ts";
import { granularityOption, type WeighingOptions, weighingCombiner } from "./weighing-combiner.ts";

/** Options of {@link aGem}. */
export interface AGemOptions extends WeighingOptions {
  /** Name of the task whose loss is over remembered examples. @default the last task */
  readonly memory?: string;
}

/** Schema of {@link AGemOptions}. */
export const aGemOptions: OptionsSchema<AGemOptions> = optionsSchema<AGemOptions>({
  memory: {
    type: "string",
    description: "Name of the task whose loss is over remembered examples. Default: the last task",
  },
  granularity: granularityOption,
});

/**
 * Learns a new task without raising the loss on remembered examples: A-GEM (Chaudhry et al. 2019, equation 11).
 *
 * Let g be the gradient on new examples and r the one on remembered examples. If g·r < 0, the update is g − (g·r)/(r·r)·r,
 * otherwise g. The memory itself is never trained on. With several new tasks, g is the sum of their gradients.
 *
 * The paper projects the whole vector. The code of avalanche projects each tensor, as `granularity: "tensor"` does. The
 * combiner has no state.
 *
 * @throws OptionsError if an option is unknown or out of range; RecipeError at a step without the task `memory`.
 */
export function aGem(options: AGemOptions = {}): WeighingCombiner<null> {
  const { memory } = aGemOptions.parse("a-gem", options);
  return weighingCombiner("a-gem", options, (gram, tasks) => {
    const m = tasks.length;
    const [r] = memoryTasks("a-gem", memory === undefined ? [tasks[m - 1] as string] : [memory], tasks) as [number];
    const weights = Float64Array.from(tasks, (_, i) => (i === r ? 0 : 1));
    const dot = weights.reduce((sum, w, i) => sum + w * (gram[r * m + i] as number), 0);
    const square = gram[r * m + r] as number;
    if (dot < 0 && square > 0) weights[r] = -dot / square;
    return weights;
  });
}

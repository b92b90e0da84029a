import { type OptionsSchema, optionsSchema, type WeighingCombiner } from "@graftjs/core";
import { memoryTasks } from "./memory-tasks.ts";
import { granularityOption, type WeighingOptions, weighingCombiner } from "./weighing-combiner.ts";

export interface AGemOptions extends WeighingOptions {
  /** Name of the task whose loss is over remembered examples. @default the last of the losses */
  readonly memory?: string;
}

export const aGemOptions: OptionsSchema<AGemOptions> = optionsSchema<AGemOptions>({
  memory: {
    type: "string",
    description: "Name of the task whose loss is over remembered examples. Default: the last task",
  },
  granularity: granularityOption,
});

/**
 * A-GEM (Chaudhry et al. 2019, equation 11): learns what is new without forgetting. The gradient g on new examples is
 * used as it is, unless it would raise the loss on remembered ones: where g·r < 0, g − (g·r)/(r·r)·r. The memory itself
 * is never trained on. With several new tasks g is their sum. No state.
 *
 * The paper projects the whole vector; avalanche's code each tensor by itself: `granularity: "tensor"`.
 * @throws OptionsError if an option is out of range or unknown; RecipeError at the step if no task is called
 *   `memory`.
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

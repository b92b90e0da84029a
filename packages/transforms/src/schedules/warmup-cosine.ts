import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import { type SizedSchedule, sized } from "./sized.ts";

export interface WarmupCosineOptions {
  /** Highest rate, reached after the warm-up. > 0. */
  readonly peak: number;
  /** Steps of linear rise from `start`. @default 0 */
  readonly warmupSteps?: number;
  /** Number of steps in total, warm-up included. @default the length of the run */
  readonly totalSteps?: number;
  /** Rate of step 0 when there is a warm-up. @default 0 */
  readonly start?: number;
  /** Rate from the last step on. @default 0 */
  readonly end?: number;
}

const rate = { type: "number", minimum: 0 } as const;
export const warmupCosineOptions: OptionsSchema<WarmupCosineOptions, "warmupSteps" | "start" | "end"> = optionsSchema<
  WarmupCosineOptions,
  "warmupSteps" | "start" | "end"
>(
  {
    peak: { type: "number", exclusiveMinimum: 0, description: "Highest rate" },
    warmupSteps: { type: "integer", minimum: 0, default: 0, description: "Steps of linear rise" },
    totalSteps: {
      type: "integer",
      minimum: 1,
      description: "Steps in all, warm-up included. Default: the length of the run",
    },
    start: { ...rate, default: 0, description: "Rate of step 0 when there is a warm-up" },
    end: { ...rate, default: 0, description: "Rate from the last step on" },
  },
  ["peak"],
);

/**
 * Rises linearly to `peak`, then falls by half a cosine to `end` (optax `warmup_cosine_decay_schedule`; Loshchilov & Hutter 2017).
 *
 * @throws OptionsError if an option is out of range or unknown.
 */
export function warmupCosine(options: WarmupCosineOptions): SizedSchedule {
  const { peak, warmupSteps, totalSteps, start, end } = warmupCosineOptions.parse("warmup-cosine", options);
  return sized("warmup-cosine", totalSteps, (total) => (step) => {
    if (step < warmupSteps) return start + ((peak - start) * step) / warmupSteps;
    const progress = Math.min(1, (step - warmupSteps) / Math.max(1, total - warmupSteps));
    return end + ((peak - end) * (1 + Math.cos(Math.PI * progress))) / 2;
  });
}

import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import { count, positive } from "./fields.ts";
import { type SizedSchedule, sized } from "./sized.ts";

export interface OneCycleOptions {
  /** Highest rate. > 0. */
  readonly peak: number;
  /** Number of steps in total, ≥ 1. @default the length of the run */
  readonly totalSteps?: number;
  /** Share of the steps that rise, in (0, 1). @default 0.3 */
  readonly warmupShare?: number;
  /** The first rate is peak / startFactor. > 0. @default 25 */
  readonly startFactor?: number;
  /** The last rate is the first rate / endFactor. > 0. @default 10000 */
  readonly endFactor?: number;
}

export const oneCycleOptions: OptionsSchema<OneCycleOptions, "warmupShare" | "startFactor" | "endFactor"> =
  optionsSchema<OneCycleOptions, "warmupShare" | "startFactor" | "endFactor">(
    {
      peak: positive("Highest rate"),
      totalSteps: count("Number of steps in total. Default: the length of the run"),
      warmupShare: {
        type: "number",
        exclusiveMinimum: 0,
        exclusiveMaximum: 1,
        default: 0.3,
        description: "Share of the steps that rise",
      },
      startFactor: { ...positive("The first rate is peak / startFactor"), default: 25 },
      endFactor: { ...positive("The last rate is the first one / endFactor"), default: 10_000 },
    },
    ["peak"],
  );

/**
 * Rises to `peak` by half a cosine, then falls to almost 0 by half a cosine (Smith & Topin 2018; optax `cosine_onecycle_schedule`).
 *
 * @throws OptionsError if an option is out of range or unknown.
 */
export function oneCycle(options: OneCycleOptions): SizedSchedule {
  const { peak, totalSteps, warmupShare, startFactor, endFactor } = oneCycleOptions.parse("one-cycle", options);
  const first = peak / startFactor;
  const last = first / endFactor;
  const between = (from: number, to: number, t: number): number => to + ((from - to) * (1 + Math.cos(Math.PI * t))) / 2;
  return sized("one-cycle", totalSteps, (total) => {
    const top = Math.floor(warmupShare * total);
    return (step) =>
      step < top ? between(first, peak, step / top) : between(peak, last, Math.min(1, (step - top) / (total - top)));
  });
}

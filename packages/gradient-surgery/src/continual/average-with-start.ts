import { type Callback, type CallbackRun, type OptionsSchema, optionsSchema } from "@graftjs/core";

/** Options of {@link averageWithStart}. */
export interface AverageWithStartOptions {
  /** Share of the tuned weights in the average, from 0 to 1. 1 leaves the tuned weights as they are. @default 0.5 */
  readonly weight?: number;
}

/** Schema of {@link AverageWithStartOptions}. */
export const averageWithStartOptions: OptionsSchema<AverageWithStartOptions, "weight"> = optionsSchema<
  AverageWithStartOptions,
  "weight"
>({
  weight: {
    type: "number",
    minimum: 0,
    maximum: 1,
    default: 0.5,
    description: "Share of the tuned weights in the average",
  },
});

/**
 * Sets the weights to (1 − a)·w⁰ + a·w when the run ends: WiSE-FT (Wortsman et al. 2022, equation 1). w⁰ are the weights at the start of
 * the run, so a new head should be trained before by itself. With `earlyStopping`, w are the weights of the best epoch.
 *
 * The history of the run is that of the tuned weights. Memory: one copy of the trained weights on the host, also in checkpoints.
 *
 * @throws OptionsError if an option is out of range.
 */
export function averageWithStart(options: AverageWithStartOptions = {}): Callback {
  const { weight } = averageWithStartOptions.parse("average-with-start", options);
  let run: CallbackRun;
  let start: ReadonlyMap<string, Float32Array> = new Map();
  return {
    name: "averageWithStart",
    async runStart(started) {
      run = started;
      start = await run.readWeights();
    },
    async finish() {
      if (weight === 1) return;
      const tuned = await run.readWeights();
      const average = [...tuned].flatMap(([name, values]) => {
        const from = start.get(name);
        return from ? [[name, values.map((w, i) => (1 - weight) * (from[i] as number) + weight * w)] as const] : [];
      });
      run.writeWeights(new Map(average));
    },
    save: async () => ({ json: { weight }, tensors: start }),
    load({ tensors }) {
      start = tensors as ReadonlyMap<string, Float32Array>;
    },
  };
}

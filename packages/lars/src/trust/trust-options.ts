import { type OptionSchema, OptionsError, type ParamInfo, type Selector } from "@graftjs/core";

/**
 * The ratio of a parameter whose weights, or whose gradient, are all zero, where the formula has no answer:
 *
 * - `rms-floor`: weights count as if their root mean square were at least `rmsFloor`, ‖w‖ ← max(‖w‖, rmsFloor·√n); a zero
 *   gradient gets ratio η. Ours: a zero-initialised tensor starts like a small one, neither stuck nor 1/η times too far.
 * - `one`: ratio 1, as in the paper's implementations: the full global rate, 1/η ≈ 1000 times its neighbours'.
 * - `eta`: ratio η.
 * - `exclude`: ratio 1 and no decay in this step (apex, lightning-bolts).
 */
export type ZeroNormPolicy = "rms-floor" | "one" | "eta" | "exclude";

/** What shares one ratio: each tensor, all parameters of a layer, or those to which a function gives the same name. */
export type RatioGranularity = "tensor" | "layer" | ((param: ParamInfo) => string);

/** Options of every rule that scales by ‖w‖ over a norm. */
export interface TrustOptions {
  /** Least ratio of an adapted parameter, ≥ 0. @default 0 */
  readonly minRatio?: number;
  /** Greatest ratio of an adapted parameter, ≥ `minRatio`. @default no bound */
  readonly maxRatio?: number;
  /**
   * Parameters that keep ratio 1; `[]` excludes none.
   * @default bias, gamma, beta and every parameter of fewer than two dimensions; none where `granularity` is not `tensor`
   */
  readonly excludeFromRatio?: Selector;
  /** Parameters without decay; `[]` excludes none. @default bias, gamma, beta and every parameter of fewer than two dimensions */
  readonly excludeFromDecay?: Selector;
  /** What shares one ratio. @default "tensor" */
  readonly granularity?: RatioGranularity;
  /** What a parameter of norm zero gets. @default "rms-floor" */
  readonly zeroNorm?: ZeroNormPolicy;
  /**
   * Root mean square that weights count as having at least, > 0, under `zeroNorm: "rms-floor"` alone. Weights below it that
   * are not zero feel it too; the smallest kernel of a pretrained MobileNetV2 has 0.03. @default 0.01
   */
  readonly rmsFloor?: number;
}

export const zeroNorms: readonly ZeroNormPolicy[] = ["rms-floor", "one", "eta", "exclude"];

export const trustFields: { readonly [K in keyof Required<TrustOptions>]: OptionSchema } = {
  minRatio: { type: "number", minimum: 0, default: 0, description: "Smallest ratio" },
  maxRatio: {
    type: "number",
    minimum: 0,
    description: "Largest ratio. By default there is no limit; in `lambc` it is 1",
  },
  excludeFromRatio: {
    description:
      "Selector of parameters that keep ratio 1. Default: bias, gamma, beta and every parameter of one dimension, or none if `granularity` is not `tensor`. `[]` excludes none",
  },
  excludeFromDecay: {
    description:
      "Selector of parameters without decay. Default: bias, gamma, beta and every parameter of one dimension. `[]` excludes none",
  },
  granularity: {
    default: "tensor",
    description:
      'Parameters with one common ratio: "tensor", "layer", or a function from a parameter to the name of its group',
  },
  zeroNorm: {
    enum: zeroNorms,
    default: "rms-floor",
    description: "Ratio of a parameter if its weights or gradients are all zero",
  },
  rmsFloor: {
    type: "number",
    exclusiveMinimum: 0,
    default: 0.01,
    description: "With `rms-floor`, the root mean square of weights counts as at least this",
  },
};

/** What a schema of single options cannot say. */
export function assertTrust(name: string, { minRatio = 0, maxRatio, granularity }: TrustOptions): void {
  const problems = [
    ...(maxRatio !== undefined && maxRatio < minRatio
      ? [`\`maxRatio\` is ${maxRatio}, below \`minRatio\` ${minRatio}: swap them, or leave one out.`]
      : []),
    ...(granularity === undefined ||
    ["tensor", "layer"].includes(granularity as string) ||
    typeof granularity === "function"
      ? []
      : [
          `\`granularity\` must be "tensor", "layer" or a function from a parameter to a group's name, got ${String(granularity)}.`,
        ]),
  ];
  if (problems.length > 0)
    throw new OptionsError(`\`${name}\` has ${problems.length} wrong option(s).`, problems.join("\n"));
}

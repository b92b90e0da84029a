import { type OptionSchema, OptionsError, type ParamInfo, type Selector } from "@graftjs/core";

/**
 * The ratio of a parameter if its weights or its gradients are all zero. The formula is not defined for these.
 *
 * - `rms-floor`: the root mean square of weights counts as at least `rmsFloor`, ‖w‖ ← max(‖w‖, rmsFloor·√n). If the gradient
 *   is zero, the ratio is η. This is our own choice: weights that start at zero behave like small ones. They neither stay at
 *   zero nor take steps that are 1/η times too long.
 * - `one`: ratio 1, as in the implementations of the paper. This is the full global rate, 1/η ≈ 1000 times that of others.
 * - `eta`: ratio η.
 * - `exclude`: ratio 1, and no decay in this step (apex, lightning-bolts).
 */
export type ZeroNormPolicy = "rms-floor" | "one" | "eta" | "exclude";

/** The parameters that share one ratio: each tensor has its own, or a layer, or all with the same result of a function. */
export type RatioGranularity = "tensor" | "layer" | ((param: ParamInfo) => string);

/** Options of every hook and rule that scales by ‖w‖ over a norm. */
export interface TrustOptions {
  /** Smallest ratio of an adapted parameter, ≥ 0. @default 0 */
  readonly minRatio?: number;
  /** Largest ratio of an adapted parameter, ≥ `minRatio`. @default no limit */
  readonly maxRatio?: number;
  /**
   * Parameters that keep ratio 1. `[]` excludes none.
   * @default bias, gamma, beta and every parameter of fewer than two dimensions; none if `granularity` is not `tensor`
   */
  readonly excludeFromRatio?: Selector;
  /** Parameters without decay. `[]` excludes none. @default bias, gamma, beta and every parameter of fewer than two dimensions */
  readonly excludeFromDecay?: Selector;
  /** The parameters that share one ratio. @default "tensor" */
  readonly granularity?: RatioGranularity;
  /** The ratio of a parameter if its norm is zero. @default "rms-floor" */
  readonly zeroNorm?: ZeroNormPolicy;
  /**
   * With `zeroNorm: "rms-floor"`, the root mean square of weights counts as at least this, > 0. This also affects small
   * weights that are not zero. The smallest kernel of a pretrained MobileNetV2 has 0.03. @default 0.01
   */
  readonly rmsFloor?: number;
}

/** The policies for zero norms, in the order of the documentation. */
export const zeroNorms: readonly ZeroNormPolicy[] = ["rms-floor", "one", "eta", "exclude"];

/** Schemas of {@link TrustOptions}. */
export const trustFields: { readonly [K in keyof Required<TrustOptions>]: OptionSchema } = {
  minRatio: { type: "number", minimum: 0, default: 0, description: "Smallest ratio" },
  maxRatio: {
    type: "number",
    minimum: 0,
    description: "Largest ratio. Default: unlimited; in `lambc` 1",
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

/**
 * Checks conditions that the schema of a single option cannot express.
 *
 * @throws OptionsError that lists all problems.
 */
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

import { type OptionSchema, OptionsError, type OptionsSchema, optionsSchema } from "@graftjs/core";
import { type DialectSpec, dialectNames, dialects, type LarsDialect } from "./dialect.ts";
import type { TrustFormula } from "./trust/trust.ts";
import { assertTrust, type TrustOptions, trustFields } from "./trust/trust-options.ts";

/** Options of `lars` and `larsMomentum`. */
export interface LarsOptions extends TrustOptions {
  /** Published form of LARS. See {@link LarsDialect} for the equations. @default "paper" */
  readonly dialect?: LarsDialect;
  /** η, multiplier of the ratio, ≥ 0. @default 0.001, or 0.02 in `larc` */
  readonly trustCoefficient?: number;
  /** β, L2 decay, ≥ 0. It is added to the gradient, and in some dialects to the denominator. @default 1e-4 in `paper`, else 0 */
  readonly weightDecay?: number;
  /** ε, added to the denominator, ≥ 0. 0 adds nothing. @default 1e-8 in `torch` and `larc`, else 0 */
  readonly epsilon?: number;
}

/** Schemas of the options that `lars` and `larsMomentum` share. */
export const larsFields: { readonly [K in keyof Required<LarsOptions>]: OptionSchema } = {
  dialect: { enum: dialectNames, default: "paper", description: "Published form of LARS" },
  trustCoefficient: {
    type: "number",
    minimum: 0,
    description: "η, multiplier of the ratio. Default 0.001; in `larc` 0.02",
  },
  weightDecay: {
    type: "number",
    minimum: 0,
    description: "β, L2 decay. Default 1e-4 in `paper`, else 0. With 0, LARS still scales",
  },
  epsilon: {
    type: "number",
    minimum: 0,
    description: "ε, added to the denominator. Default 1e-8 in `torch` and `larc`, else 0",
  },
  ...trustFields,
};

/** Schema of the options of `lars`. A hook cannot support `tf-popular`. */
export const larsOptions: OptionsSchema<LarsOptions> = optionsSchema<LarsOptions>({
  ...larsFields,
  dialect: { ...larsFields.dialect, enum: dialectNames.filter((name) => name !== "tf-popular") },
});

/** Options in which the defaults of the dialect are filled in. */
export interface ResolvedLars {
  readonly spec: DialectSpec;
  readonly weightDecay: number;
  readonly formula: TrustFormula;
}

/**
 * Checks `options` and fills in the defaults of the dialect.
 *
 * @throws OptionsError that lists all wrong options.
 */
export function resolveLars<O extends LarsOptions>(name: string, schema: OptionsSchema<O>, options: O): ResolvedLars {
  if (name === "lars" && options.dialect === "tf-popular") {
    throw new OptionsError(
      "`tf-popular` divides by the norm of the velocity. A hook runs before the rule, so it does not know the velocity.",
      'Use the rule larsMomentum({ dialect: "tf-popular" }) instead.',
    );
  }
  schema.parse(name, options);
  assertTrust(name, options);
  const spec = dialects[options.dialect ?? "paper"];
  const {
    trustCoefficient = spec.trustCoefficient,
    weightDecay = spec.weightDecay,
    epsilon = spec.epsilon,
    minRatio = 0,
    maxRatio = Infinity,
    zeroNorm = "rms-floor",
    rmsFloor = 0.01,
  } = options;
  const addDecay = spec.denominator === "gradient";
  return {
    spec,
    weightDecay,
    formula: { trustCoefficient, epsilon, addDecay, minRatio, maxRatio, zeroNorm, rmsFloor },
  };
}

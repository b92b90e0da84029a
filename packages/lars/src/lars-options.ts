import { type OptionSchema, OptionsError, type OptionsSchema, optionsSchema } from "@graftjs/core";
import { type DialectSpec, dialectNames, dialects, type LarsDialect } from "./dialect.ts";
import type { TrustFormula } from "./trust/trust.ts";
import { assertTrust, type TrustOptions, trustFields } from "./trust/trust-options.ts";

export interface LarsOptions extends TrustOptions {
  /** Which published form; see {@link LarsDialect} for the equations. @default "paper" */
  readonly dialect?: LarsDialect;
  /** η, multiplier of the ratio, ≥ 0. @default 0.001; 0.02 in `larc` */
  readonly trustCoefficient?: number;
  /** β, L2 decay added to the gradient and, as the dialect says, to the denominator, ≥ 0. @default 1e-4 in `paper`, else 0 */
  readonly weightDecay?: number;
  /** ε, added to the denominator, ≥ 0; 0 means 0. @default 1e-8 in `torch` and `larc`, else 0 */
  readonly epsilon?: number;
}

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

export const larsOptions: OptionsSchema<LarsOptions> = optionsSchema<LarsOptions>({
  ...larsFields,
  dialect: { ...larsFields.dialect, enum: dialectNames.filter((name) => name !== "tf-popular") },
});

/** Options with the defaults of their dialect. */
export interface ResolvedLars {
  readonly spec: DialectSpec;
  readonly weightDecay: number;
  readonly formula: TrustFormula;
}

/** Checks `options` and fills in what the dialect says. @throws OptionsError with every problem at once. */
export function resolveLars<O extends LarsOptions>(name: string, schema: OptionsSchema<O>, options: O): ResolvedLars {
  if (name === "lars" && options.dialect === "tf-popular") {
    throw new OptionsError(
      "`tf-popular` divides by the norm of the velocity, which a hook does not see: it stands before the rule.",
      'Use the complete rule: larsMomentum({ dialect: "tf-popular" }).',
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

import type { FusedKernels } from "@graftjs/core";
import type { AttributeReader } from "./attributes.ts";
import { combine } from "./norms.ts";

type Lars = FusedKernels["GraftLars"];

/** The attributes about trust ratios, which `GraftLars` and `GraftLamb` have in common. */
type RatioAttributes = Pick<Lars, "groups" | "slots" | "decays" | "minRatio" | "maxRatio" | "zeroNorm" | "rmsFloor">;

/** The checked attributes about trust ratios, with the number of values of each variable. */
export interface TrustAttributes extends RatioAttributes {
  readonly sizes: readonly number[];
}

/** The trust ratio of one tensor, with the norms that it was computed from. */
export interface Trust {
  readonly ratio: number;
  /** Whether the step omits βw: with `zeroNorm: "exclude"` and a gradient of zero. */
  readonly dropDecay: boolean;
  readonly weightNorm: number;
  readonly gradNorm: number;
}

/** Reads the attributes about trust ratios. `sizes` are the numbers of values of the variables. */
export function readTrustAttributes(
  table: AttributeReader<RatioAttributes>,
  sizes: readonly number[],
): TrustAttributes {
  return {
    sizes,
    groups: table.list("groups", sizes.length),
    slots: table.list("slots", sizes.length),
    decays: table.list("decays", sizes.length),
    minRatio: table.number("minRatio"),
    maxRatio: table.attrs.maxRatio ?? Number.POSITIVE_INFINITY,
    zeroNorm: table.attrs.zeroNorm,
    rmsFloor: table.number("rmsFloor"),
  };
}

/**
 * Returns the units of a step: each group, and each tensor without a group. All norms of a unit are computed before one of its
 * tensors is written. The step goes unit by unit, so that tensors read for a norm are still in the cache when it reads them
 * again.
 */
export function trustUnits({ groups }: TrustAttributes): readonly (readonly number[])[] {
  const members = new Map<number, number[]>();
  const found: number[][] = [];
  for (const [i, group] of groups.entries()) {
    const known = group >= 0 ? members.get(group) : undefined;
    if (known) known.push(i);
    else {
      const unit = [i];
      found.push(unit);
      if (group >= 0) members.set(group, unit);
    }
  }
  return found;
}

/** The ratio of a tensor without a group. */
export const untouched: Trust = { ratio: 1, dropDecay: false, weightNorm: 0, gradNorm: 0 };

/**
 * Computes the ratio of the group of `indices`, according to points 2 to 4 of docs/fused-kernels.md.
 *
 * @param weights ‖w‖ of each member
 * @param dividing norm of each member that is part of D
 */
export function groupTrust(
  table: TrustAttributes,
  indices: readonly number[],
  weights: readonly number[],
  dividing: readonly number[],
  { trustCoefficient, epsilon, denominator }: Pick<Lars, "trustCoefficient" | "epsilon" | "denominator">,
): Trust {
  const [W, D] = [combine(weights), combine(dividing)];
  const B =
    denominator === "gradient"
      ? combine(weights.map((norm, i) => (table.decays[indices[i] as number] ?? 0) * norm))
      : 0;
  const values = indices.reduce((sum, i) => sum + (table.sizes[i] as number), 0);
  const floored = table.zeroNorm === "rms-floor" ? Math.max(W, table.rmsFloor * Math.sqrt(values)) : W;
  const zero = floored === 0 || D === 0;
  const bounded = (ratio: number): number => Math.min(Math.max(ratio, table.minRatio), table.maxRatio);
  const formula = (trustCoefficient * floored) / (D + B + epsilon);
  const fallback = table.zeroNorm === "one" || table.zeroNorm === "exclude" ? 1 : trustCoefficient;
  const ratio = zero ? (table.zeroNorm === "exclude" ? fallback : bounded(fallback)) : bounded(formula);
  const dropDecay = table.zeroNorm === "exclude" && D === 0 && denominator === "gradient";
  return { ratio, dropDecay, weightNorm: W, gradNorm: D };
}

import type { FusedKernels, TrustAttributes } from "@graftjs/core";
import type { Tensor } from "@tensorflow/tfjs-core";

type Attributes = TrustAttributes & Pick<FusedKernels["GraftLars"], "variables">;

/** Attributes of the ratio that `GraftLamb` lacks. */
export type TrustFormula = Pick<FusedKernels["GraftLars"], "trustCoefficient" | "epsilon" | "denominator">;

/** The ratio of one tensor and the norms that it was computed from. */
export interface Trust {
  readonly ratio: number;
  /** Whether βw is left out of the step, because of `zeroNorm: "exclude"` and a gradient of zero. */
  readonly dropDecay: boolean;
  readonly weightNorm: number;
  readonly gradNorm: number;
}

/** For tensors that belong to no group. */
const OUTSIDE: Trust = { ratio: 1, dropDecay: false, weightNorm: 0, gradNorm: 0 };

/**
 * Computes the ratio of each tensor, by points 2 to 4 of docs/fused-kernels.md.
 *
 * @param weights ‖w‖ of each tensor.
 * @param dividing norm of each tensor that goes into D.
 */
export function trustOf(
  attrs: Attributes,
  weights: ArrayLike<number>,
  dividing: ArrayLike<number>,
  formula: TrustFormula,
): readonly Trust[] {
  const members = new Map<number, number[]>();
  for (const [i, group] of attrs.groups.entries()) {
    if (group >= 0) members.set(group, [...(members.get(group) ?? []), i]);
  }
  const found = new Map(
    [...members].map(([group, indices]) => [group, ofGroup(attrs, indices, weights, dividing, formula)]),
  );
  return attrs.groups.map((group) => found.get(group) ?? OUTSIDE);
}

function ofGroup(
  { variables, decays, minRatio, maxRatio, zeroNorm, rmsFloor }: Attributes,
  indices: readonly number[],
  weights: ArrayLike<number>,
  dividing: ArrayLike<number>,
  { trustCoefficient, epsilon, denominator }: TrustFormula,
): Trust {
  const together = (norm: (i: number) => number): number => Math.hypot(...indices.map(norm));
  const [W, D] = [together((i) => weights[i] as number), together((i) => dividing[i] as number)];
  const B = denominator === "gradient" ? together((i) => (decays[i] as number) * (weights[i] as number)) : 0;
  const count = indices.reduce((sum, i) => sum + (variables[i] as Tensor).size, 0);
  const floored = zeroNorm === "rms-floor" ? Math.max(W, rmsFloor * Math.sqrt(count)) : W;
  const bounded = (ratio: number): number => Math.min(Math.max(ratio, minRatio), maxRatio);
  const found = { weightNorm: W, gradNorm: D, dropDecay: false };
  if (floored !== 0 && D !== 0) return { ...found, ratio: bounded((trustCoefficient * floored) / (D + B + epsilon)) };
  if (zeroNorm === "exclude") return { ...found, ratio: 1, dropDecay: D === 0 && denominator === "gradient" };
  return { ...found, ratio: bounded(zeroNorm === "one" ? 1 : trustCoefficient) };
}

/** Returns the values of `ratios`, `weightNorms` and `gradNorms` after a step. Entries that no slot names are 0. */
export function reportsOf({ slots, ratios }: TrustAttributes, trusts: readonly Trust[]): readonly Float32Array[] {
  return (["ratio", "weightNorm", "gradNorm"] as const).map((field) => {
    const values = new Float32Array(ratios.size);
    for (const [i, trust] of trusts.entries()) values[slots[i] as number] = trust[field];
    return values;
  });
}

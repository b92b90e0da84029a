import type { ParamInfo, TrustAttributes } from "@graftjs/core";
import type { TrustLayout } from "./layout.ts";
import type { TrustFormula, TrustState } from "./trust.ts";

/** Returns the attributes that `GraftLars` and `GraftLamb` share. See docs/fused-kernels.md. */
export function fusedTrust(
  { names, groupOf, decays }: TrustLayout,
  infos: readonly ParamInfo[],
  { minRatio, maxRatio, zeroNorm, rmsFloor }: TrustFormula,
  { ratios, weightNorms, gradNorms }: TrustState,
): TrustAttributes {
  const slotOf = new Map(infos.map(({ name }, i) => [name, i]));
  return {
    groups: groupOf,
    slots: names.map((name) => slotOf.get(name) as number),
    decays,
    minRatio,
    maxRatio,
    zeroNorm,
    rmsFloor,
    ratios,
    weightNorms,
    gradNorms,
  };
}

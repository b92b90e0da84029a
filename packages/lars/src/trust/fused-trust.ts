import type { ParamInfo } from "@graftjs/core";
import type { TrustLayout } from "./layout.ts";
import type { TrustFormula, TrustState } from "./trust.ts";

/** What `GraftLars` and `GraftLamb` are told alike; see docs/fused-kernels.md. */
export function fusedTrust(
  { names, groupOf, decays }: TrustLayout,
  infos: readonly ParamInfo[],
  { minRatio, maxRatio, zeroNorm, rmsFloor }: TrustFormula,
  { ratios, weightNorms, gradNorms }: TrustState,
): Readonly<Record<string, unknown>> {
  const at = new Map(infos.map(({ name }, i) => [name, i]));
  return {
    groups: groupOf,
    slots: names.map((name) => at.get(name)),
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

import type { Table } from "./writable.ts";

type Denominator = "gradient" | "decayed" | "velocity";

/** What `GraftLars` and `GraftLamb` are told about ratios, checked. */
export interface TrustTable {
  readonly count: number;
  readonly sizes: readonly number[];
  readonly groups: readonly number[];
  readonly slots: readonly number[];
  readonly decays: readonly number[];
  readonly minRatio: number;
  readonly maxRatio: number;
  readonly zeroNorm: "rms-floor" | "one" | "eta" | "exclude";
  readonly rmsFloor: number;
}

/** The ratio of one tensor, and what it came from. */
export interface Trust {
  readonly ratio: number;
  /** Whether βw is left out of the step: `zeroNorm: "exclude"` with a gradient of zero. */
  readonly dropDecay: boolean;
  readonly weightNorm: number;
  readonly gradNorm: number;
}

export function readTrust(
  table: Table,
  attrs: { readonly [name: string]: unknown },
  sizes: readonly number[],
): TrustTable {
  return {
    count: sizes.length,
    sizes,
    groups: table.list<number>("groups", sizes.length),
    slots: table.list<number>("slots", sizes.length),
    decays: table.list<number>("decays", sizes.length),
    minRatio: table.number("minRatio"),
    maxRatio: (attrs.maxRatio as number | undefined) ?? Number.POSITIVE_INFINITY,
    zeroNorm: attrs.zeroNorm as TrustTable["zeroNorm"],
    rmsFloor: table.number("rmsFloor"),
  };
}

/**
 * Ratios by point 2 to 4 of docs/fused-kernels.md, one a tensor; tensors outside groups have ratio 1.
 *
 * @param weights ‖w‖ of each tensor
 * @param dividing the norm of each tensor that goes into D
 */
export function ratios(
  table: TrustTable,
  weights: readonly number[],
  dividing: readonly number[],
  { trustCoefficient, epsilon, denominator }: { trustCoefficient: number; epsilon: number; denominator: Denominator },
): readonly Trust[] {
  const members = new Map<number, number[]>();
  for (const [i, group] of table.groups.entries()) {
    if (group >= 0) members.set(group, [...(members.get(group) ?? []), i]);
  }
  const outside: Trust = { ratio: 1, dropDecay: false, weightNorm: 0, gradNorm: 0 };
  const result: Trust[] = Array.from({ length: table.count }, () => outside);
  const root = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  for (const indices of members.values()) {
    const W = root(indices.map((i) => weights[i] as number));
    const D = root(indices.map((i) => dividing[i] as number));
    const B =
      denominator === "gradient" ? root(indices.map((i) => (table.decays[i] as number) * (weights[i] as number))) : 0;
    const values = indices.reduce((sum, i) => sum + (table.sizes[i] as number), 0);
    const floored = table.zeroNorm === "rms-floor" ? Math.max(W, table.rmsFloor * Math.sqrt(values)) : W;
    const zero = floored === 0 || D === 0;
    const bounded = (ratio: number): number => Math.min(Math.max(ratio, table.minRatio), table.maxRatio);
    const formula = (trustCoefficient * floored) / (D + B + epsilon);
    const fallback = table.zeroNorm === "one" || table.zeroNorm === "exclude" ? 1 : trustCoefficient;
    const ratio = zero ? (table.zeroNorm === "exclude" ? fallback : bounded(fallback)) : bounded(formula);
    const dropDecay = table.zeroNorm === "exclude" && D === 0 && denominator === "gradient";
    for (const i of indices) result[i] = { ratio, dropDecay, weightNorm: W, gradNorm: D };
  }
  return result;
}

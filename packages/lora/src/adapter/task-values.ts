import type { Random } from "@graftjs/core";

/** How `combine` merges adapters. */
export type CombineMethod = "sum" | "ties" | "dare-linear" | "dare-ties";

/** How values of several adapters become one. */
export interface MergeSettings {
  readonly method: Exclude<CombineMethod, "sum">;
  /** Share of the values of each adapter that are kept, 0 to 1. */
  readonly density: number;
  /** Whether the sign of a value is elected by the sum of the adapters' values or by their number. */
  readonly majoritySign: "total" | "frequency";
}

/**
 * Merges the values of one parameter of several adapters, as HF PEFT's `ties`, `dare_linear` and `dare_ties` do.
 *
 * - `ties` (Yadav et al. 2023, arXiv 2306.01708): keeps the largest values of each adapter, elects a sign for each place and averages the
 *   weighted values that have this sign.
 * - `dare-linear` (Yu et al. 2023, arXiv 2311.03099): drops values at random, divides the others by the density and adds them up.
 * - `dare-ties`: drops as `dare-linear`, then elects signs and averages as `ties`.
 *
 * @param values for each adapter the values, all of one length
 * @param weights for each adapter its factor
 */
export function mergedValues(
  values: readonly Float32Array[],
  weights: readonly number[],
  { method, density, majoritySign }: MergeSettings,
  random: Random,
): Float32Array {
  const sparse = values.map((one) => {
    if (density >= 1) return one;
    return method === "ties" ? largest(one, density) : one.map((value) => (random() < density ? value / density : 0));
  });
  const out = new Float32Array(values[0]?.length ?? 0);
  for (let i = 0; i < out.length; i++) {
    const here = sparse.map((one) => one[i] as number);
    const voters = majoritySign === "total" ? here : here.map(Math.sign);
    const elected = voters.reduce((sum, value) => sum + value, 0) >= 0 ? 1 : -1;
    const counts = here.map((value) => method === "dare-linear" || Math.sign(value) === elected);
    const sum = here.reduce((total, value, k) => total + (counts[k] ? value * (weights[k] as number) : 0), 0);
    out[i] = method === "dare-linear" ? sum : sum / Math.max(1, counts.filter(Boolean).length);
  }
  return out;
}

/** Sets all values to 0 except the share with the largest sizes. */
function largest(values: Float32Array, density: number): Float32Array {
  const order = [...values.keys()].sort((i, j) => Math.abs(values[j] as number) - Math.abs(values[i] as number));
  const kept = new Set(order.slice(0, Math.floor(density * values.length)));
  return values.map((value, i) => (kept.has(i) ? value : 0));
}

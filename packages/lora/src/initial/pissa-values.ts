import { largestSingular } from "./largest-singular.ts";
import type { LowRankSizes, LowRankValues } from "./low-rank-values.ts";

/**
 * Returns factors of the best approximation of a kernel that has the given rank (PiSSA, Meng et al. 2024, arXiv 2404.02948, eq. 2
 * and 3): a = U·√(S/s) and b = √(S/s)·Vᵀ, with the largest singular values S.
 *
 * @param kernel values [fanIn, outputs], row by row
 * @param scale factor s on a·b
 */
export function pissaValues(
  kernel: ArrayLike<number>,
  { fanIn, rank, outputs }: LowRankSizes,
  scale: number,
): LowRankValues {
  const a = new Float32Array(fanIn * rank);
  const b = new Float32Array(rank * outputs);
  for (const [k, { value, left, right }] of largestSingular(kernel, [fanIn, outputs], rank).entries()) {
    const root = Math.sqrt(value / scale);
    for (let i = 0; i < fanIn; i++) a[i * rank + k] = root * (left[i] as number);
    for (let j = 0; j < outputs; j++) b[k * outputs + j] = root * (right[j] as number);
  }
  return { a, b };
}

import type * as tf from "@tensorflow/tfjs-core";
import { emptyReductions } from "./empty-reductions.ts";
import { highRankBroadcasts } from "./high-rank-broadcast.ts";
import { acceptIntegers, integerKernelNames } from "./integer-inputs.ts";
import { nanFixes } from "./keep-nan.ts";
import { scalarKernels, scalarKernelsWithoutSimd } from "./scalar-loops.ts";
import { windowFixes } from "./window-size.ts";
import { resultFixes } from "./wrong-results.ts";
import { windowResultFixes } from "./wrong-windows.ts";

type Kernels = { readonly [kernelName: string]: tf.KernelFunc };

/** Fixes that wrap a stock kernel. They leave the cases that stock computes correctly to it. */
const FIXES = { ...emptyReductions, ...highRankBroadcasts, ...windowFixes, ...resultFixes, ...windowResultFixes };

/**
 * Returns correct kernels in place of the stock kernels that are wrong in some case. They need no SIMD.
 *
 * @param stockOf returns the stock kernel of a name
 * @param replaced kernels that replace fixed ones on an engine without SIMD; undefined with SIMD
 */
export function fixedKernels(
  stockOf: (name: string) => tf.KernelFunc | undefined,
  replaced: Kernels | undefined,
): Kernels {
  const fixed: { [name: string]: tf.KernelFunc } = {};
  for (const [name, fix] of Object.entries(FIXES)) {
    const stock = stockOf(name);
    if (stock) fixed[name] = fix(stock);
  }
  Object.assign(fixed, scalarKernels);
  if (replaced) {
    Object.assign(fixed, replaced, scalarKernelsWithoutSimd);
    for (const [name, fix] of Object.entries(nanFixes)) fixed[name] = fix(fixed[name] as tf.KernelFunc);
  }
  const integers = integerKernelNames.map(
    (name) => [name, acceptIntegers(name, fixed[name] ?? stockOf(name))] as const,
  );
  return { ...fixed, ...Object.fromEntries(integers) };
}

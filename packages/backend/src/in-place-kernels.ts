import type { FusedKernels } from "@graftjs/core";
import type { KernelFunc } from "@tensorflow/tfjs-core";

/**
 * Implementations of the fused kernels that write in place, by name. Each gets the context that the backend computes with, and
 * the attributes that core declares for the kernel.
 */
export type InPlaceKernels<Context, Names extends keyof FusedKernels = keyof FusedKernels> = {
  readonly [N in Names]: (context: Context, attrs: FusedKernels[N]) => void;
};

/**
 * Turns implementations into kernels for `replaceKernels`. Core's `runFused` calls them.
 *
 * @param contextOf returns the context for the tfjs backend that a kernel was called with.
 */
export function inPlaceKernels<Context, Names extends keyof FusedKernels>(
  implementations: InPlaceKernels<Context, Names>,
  contextOf: (backend: unknown) => Context,
): { readonly [N in Names]: KernelFunc } {
  const entries = Object.entries<(context: Context, attrs: never) => void>(implementations);
  return Object.fromEntries(
    entries.map(([name, run]): [string, KernelFunc] => [
      name,
      ({ attrs, backend }) => {
        run(contextOf(backend), attrs as never);
        return [];
      },
    ]),
  ) as { readonly [N in Names]: KernelFunc };
}

import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";

/** Activations that are fused with batch norm. */
export type FusedActivation = "linear" | "relu" | "relu6";

/** Vectors [C] of a batch norm at given statistics. */
interface NormVectors {
  readonly mean: TensorInfo;
  readonly variance: TensorInfo;
  readonly offset?: TensorInfo;
  readonly scale?: TensorInfo;
}

/**
 * Fused kernels that return new tensors, with their inputs, attributes and outputs. docs/fused-kernels.md has the equations.
 * Tensors are float32, and channels are the last axis.
 */
export interface TensorKernels {
  GraftBatchNorm: {
    readonly inputs: NormVectors & { readonly x: TensorInfo };
    readonly attrs: { readonly varianceEpsilon: number; readonly activation: FusedActivation };
    readonly outputs: TensorInfo;
  };
  GraftBatchNormGrad: {
    readonly inputs: NormVectors & { readonly dy: TensorInfo; readonly x: TensorInfo };
    readonly attrs: {
      readonly varianceEpsilon: number;
      readonly activation: FusedActivation;
      readonly wantX: boolean;
      readonly wantScale: boolean;
      readonly wantOffset: boolean;
    };
    /** Those of [dx, dscale, doffset] that are wanted, in this order. */
    readonly outputs: readonly TensorInfo[];
  };
  GraftBatchNormTraining: {
    readonly inputs: { readonly x: TensorInfo; readonly scale: TensorInfo; readonly offset: TensorInfo };
    readonly attrs: { readonly varianceEpsilon: number };
    /** [y, mean, variance, kept1, kept2, kept3]. The last three are private to the backend. */
    readonly outputs: readonly TensorInfo[];
  };
  GraftBatchNormTrainingGrad: {
    readonly inputs: {
      readonly dy: TensorInfo;
      readonly x: TensorInfo;
      readonly scale: TensorInfo;
      readonly kept1: TensorInfo;
      readonly kept2: TensorInfo;
      readonly kept3: TensorInfo;
    };
    readonly attrs: { readonly varianceEpsilon: number };
    /** [dx, dscale, doffset]. */
    readonly outputs: readonly TensorInfo[];
  };
  GraftActivationGrad: {
    readonly inputs: { readonly dy: TensorInfo; readonly y: TensorInfo };
    readonly attrs: { readonly activation: FusedActivation; readonly wantSum: boolean };
    /** [dz], and on request its sums over each channel. */
    readonly outputs: readonly TensorInfo[];
  };
  GraftNormedKernelGrad: {
    readonly inputs: {
      readonly kernel: TensorInfo;
      readonly gradient: TensorInfo;
      readonly sum?: TensorInfo;
      readonly mean: TensorInfo;
      readonly variance: TensorInfo;
      readonly scale?: TensorInfo;
      readonly bias?: TensorInfo;
    };
    readonly attrs: { readonly varianceEpsilon: number; readonly wantScale: boolean; readonly wantBias: boolean };
    /** [kernel·s, gradient·s], and those of [dscale, dbias] that are wanted. */
    readonly outputs: readonly TensorInfo[];
  };
}

/** An implementation of one kernel. */
export type TensorKernel<N extends keyof TensorKernels, Context> = (
  context: Context,
  inputs: TensorKernels[N]["inputs"],
  attrs: TensorKernels[N]["attrs"],
) => TensorKernels[N]["outputs"];

/**
 * Turns implementations into kernels for `replaceKernels`.
 *
 * @param contextOf returns the context for the tfjs backend that a kernel was called with.
 */
export function tensorKernels<Context, Names extends keyof TensorKernels>(
  implementations: { readonly [N in Names]: TensorKernel<N, Context> },
  contextOf: (backend: unknown) => Context,
): { readonly [N in Names]: KernelFunc } {
  type Run = (context: Context, inputs: never, attrs: never) => TensorInfo | TensorInfo[];
  const entries = Object.entries<Run>(implementations as unknown as { [name: string]: Run });
  return Object.fromEntries(
    entries.map(([name, run]): [string, KernelFunc] => [
      name,
      ({ inputs, attrs, backend }) => run(contextOf(backend), inputs as never, attrs as never),
    ]),
  ) as { readonly [N in Names]: KernelFunc };
}

import * as tf from "@tensorflow/tfjs-core";

/** Lists run in parallel: `variables[i]`, `grads[i]` and the numbers at i belong to one parameter. Tensors are float32. */
interface Parallel {
  /** Written in place. */
  readonly variables: readonly tf.Tensor[];
  readonly grads: readonly tf.Tensor[];
  /** γ of each parameter. */
  readonly learningRates: readonly number[];
}

/** Attributes of Adam's part in `GraftAdam` and `GraftLamb`. */
interface Moments extends Parallel {
  readonly m: readonly tf.Tensor[];
  readonly v: readonly tf.Tensor[];
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** 1 − β₁ᵗ; t is each parameter's own step count. */
  readonly corrections1: readonly number[];
  /** 1 − β₂ᵗ. */
  readonly corrections2: readonly number[];
  /** Decoupled weight decay of each parameter. */
  readonly decays: readonly number[];
}

/** Attributes of the trust ratio in `GraftLars` and `GraftLamb`. */
export interface TrustAttributes {
  /** Decay of each parameter, decoupled in `GraftLamb`. */
  readonly decays: readonly number[];
  /** Parameters with the same number share one ratio; −1 keeps the ratio 1. */
  readonly groups: readonly number[];
  /** Index of each parameter's entry in `ratios`, `weightNorms` and `gradNorms`. */
  readonly slots: readonly number[];
  readonly minRatio: number;
  /** May be Infinity. */
  readonly maxRatio: number;
  readonly zeroNorm: "one" | "eta" | "exclude" | "rms-floor";
  readonly rmsFloor: number;
  /** Float32 tensors [n], written. */
  readonly ratios: tf.Tensor;
  readonly weightNorms: tf.Tensor;
  readonly gradNorms: tf.Tensor;
}

/**
 * Fused kernels that write in place, with their attributes. `docs/fused-kernels.md` has the equations. A backend
 * implements `Kernels<FusedKernels>`, so an attribute that is renamed on one side does not compile.
 */
export interface FusedKernels {
  GraftSgd: Parallel & {
    /** Empty if momentum is 0. */
    readonly velocities: readonly tf.Tensor[];
    readonly momentum: number;
    readonly dampening: number;
    readonly nesterov: boolean;
    readonly rateInVelocity: boolean;
    /** Whether this is the parameter's first step. */
    readonly first: readonly boolean[];
  };
  GraftAdam: Moments;
  GraftLars: Parallel &
    TrustAttributes & {
      /** Empty if momentum is 0. */
      readonly velocities: readonly tf.Tensor[];
      readonly denominator: "gradient" | "decayed" | "velocity";
      readonly clipToRate: boolean;
      readonly rateInVelocity: boolean;
      readonly trustCoefficient: number;
      readonly epsilon: number;
      readonly momentum: number;
      readonly dampening: number;
      readonly nesterov: boolean;
      readonly first: readonly boolean[];
    };
  GraftLamb: Moments & TrustAttributes;
  GraftGlobalNorm: {
    readonly tensors: readonly tf.Tensor[];
    /** Float32 scalar, written. */
    readonly out: tf.Tensor;
  };
  GraftScaleAll: {
    readonly tensors: readonly tf.Tensor[];
    /** Same shapes as `tensors`, written. */
    readonly outputs: readonly tf.Tensor[];
    /** Float32 scalar. */
    readonly factor: tf.Tensor;
  };
}

/** A table of kernel functions by name, each with the attributes of its kernel. */
export type Kernels<K, R = void> = { readonly [N in keyof K]: (attrs: K[N]) => R };

/**
 * Runs a fused kernel in place on the current backend, if tfjs's kernel registry has it.
 *
 * The kernel is called directly, not through the tape and the engine's scopes: `attrs` hold live tensors that it may
 * write. A kernel must check everything before it writes the first byte.
 *
 * @returns false, and nothing was done, if the backend lacks the kernel.
 */
export function runFused<N extends keyof FusedKernels>(kernelName: N, attrs: FusedKernels[N]): boolean {
  const kernel = tf.getKernel(kernelName, tf.getBackend());
  if (!kernel) return false;
  kernel.kernelFunc({ inputs: {}, attrs: attrs as unknown as tf.NamedAttrMap, backend: tf.backend() });
  return true;
}

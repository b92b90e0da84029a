import type { BackendLostError, BackendSession } from "@graftjs/core";

/** Progress of a precompilation. */
export interface PrecompileProgress {
  readonly done: number;
  readonly total: number;
}

/** A WebGL backend that is current and ready. */
export interface WebGLSession extends BackendSession {
  /** The context itself. Losing it is a loss. */
  readonly gl: WebGLRenderingContext;
  /** Resolves with the error once the context is lost; never after `dispose()`. */
  readonly lost: Promise<BackendLostError>;
  /** @throws BackendLostError where the context is lost. */
  assertAlive(): void;
  /** Bytes of textures: in use by tensors, and allocated with those kept for reuse. */
  memory(): { readonly used: number; readonly allocated: number };
  /** Deletes the textures kept for reuse; after a change of shapes. Returns bytes freed. */
  trim(): number;
  /**
   * Compiles the shaders of `step` beforehand, in parallel where the browser can, without running them and without holding
   * the page up; the first step would for as long as all of them take.
   *
   * `step` is run once and its result disposed: give a pure function such as `() => tf.variableGrads(loss)`, or a whole
   * update by an optimizer made for it: `() => { const trial = new HookedOptimizer(options); trial.minimize(loss);
   * trial.dispose(); }`. Kernels only compile, and their outputs hold no numbers: nothing in it may read a tensor, and no
   * optimizer that trains later may take part. Variables keep what they hold.
   *
   * @param onProgress is told how many of `total` shaders are `done`: at first 0, then after each. `total` counts those of
   * `step` that were not compiled yet.
   * @returns number of shaders compiled.
   * @throws what `step` throws; BackendError where shaders do not compile, once all others are done; BackendLostError where
   * the context is lost meanwhile.
   */
  precompile(step: () => unknown, onProgress?: (progress: PrecompileProgress) => void): Promise<number>;
}

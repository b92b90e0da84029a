/// <reference types="@webgpu/types" />
// The device is part of the interface, and lib.dom does not know it. The version is that of tfjs-backend-webgpu.
import type { BackendLostError, BackendSession } from "@graftjs/core";

/** Progress of a precompilation. */
export interface PrecompileProgress {
  readonly done: number;
  readonly total: number;
}

/** A WebGPU backend that is current and ready. */
export interface WebGPUSession extends BackendSession {
  /** The device itself, for whoever shares it. Destroying it is a loss. */
  readonly device: GPUDevice;
  /** Limits of the device, as granted. */
  readonly limits: GPUSupportedLimits;
  /** Features of the device, as granted. */
  readonly features: ReadonlySet<string>;
  /** Messages of all errors that no operation saw, oldest first. Each is thrown once, by the operation or read after it. */
  readonly errors: readonly string[];
  /** Resolves with the error once the device is lost; never after `dispose()`. */
  readonly lost: Promise<BackendLostError>;
  /** @throws BackendLostError where the device is lost; BackendError where it has reported an error that nobody saw. */
  assertAlive(): void;
  /** Bytes on the device: in use by tensors, and allocated with the pool. */
  memory(): { readonly used: number; readonly allocated: number };
  /** Frees the buffers that tfjs keeps for reuse; after a change of shapes. Returns bytes freed. */
  trim(): number;
  /**
   * Compiles the shaders of `step` beforehand, in parallel, without running them: tfjs's and the fused ones.
   *
   * `step` is run once and its result disposed: give a pure function such as `() => tf.variableGrads(loss)`, or a whole
   * update by an optimizer made for it: `() => { const trial = new HookedOptimizer(options); trial.minimize(loss);
   * trial.dispose(); }`. Kernels only compile, and their outputs hold no numbers: nothing in it may read a tensor, and no
   * optimizer that trains later may take part. Variables keep what they hold.
   *
   * @param onProgress is told how many of `total` shaders are `done`: at first 0, then after each. `total` counts those of
   * `step` that were not compiled yet.
   * @returns number of shaders compiled.
   * @throws what `step` throws; the device's own error where a shader does not compile, once all others are done. The next
   * step then compiles that one anew.
   */
  precompile(step: () => unknown, onProgress?: (progress: PrecompileProgress) => void): Promise<number>;
  /**
   * Waits for the work that was handed to the device, undoes what `init` did and destroys the device.
   *
   * @throws BackendError, when all that is done, for errors of the device that nothing has thrown yet.
   */
  dispose(): Promise<void>;
}

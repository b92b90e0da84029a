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
   * Compiles the shaders of `step` beforehand, in parallel, without running them.
   *
   * `step` is run once and its result disposed: give a pure function such as `() => tf.variableGrads(loss)`. Nothing in
   * it may read a tensor or change a variable: kernels only compile, and their outputs hold no numbers.
   *
   * @returns number of shaders compiled.
   */
  precompile(step: () => unknown, onProgress?: (progress: PrecompileProgress) => void): Promise<number>;
  /**
   * Waits for the work that was handed to the device, undoes what `init` did and destroys the device.
   *
   * @throws BackendError, when all that is done, for errors of the device that nothing has thrown yet.
   */
  dispose(): Promise<void>;
}

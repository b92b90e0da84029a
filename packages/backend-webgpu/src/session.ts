/// <reference types="@webgpu/types" />
// The device is part of the interface, and lib.dom has no types for it. The version is that of tfjs-backend-webgpu.
import type { BackendLostError, BackendSession } from "@graftjs/core";

/** Progress of a precompilation. */
export interface PrecompileProgress {
  /** Shaders that are compiled. */
  readonly done: number;
  /** Shaders of the step that were not compiled before. */
  readonly total: number;
}

/** A WebGPU backend that is current and ready. */
export interface WebGPUSession extends BackendSession {
  /** The device, for code that shares it. Destroying it counts as a loss. */
  readonly device: GPUDevice;
  /** Limits of the device, as granted. */
  readonly limits: GPUSupportedLimits;
  /** Features of the device, as granted. */
  readonly features: ReadonlySet<string>;
  /**
   * Messages of all errors that the device reported outside of any operation, oldest first. Each is thrown once, by the next
   * operation or read.
   */
  readonly errors: readonly string[];
  /** Resolves with the error when the device is lost. Never settles after `dispose()`. */
  readonly lost: Promise<BackendLostError>;
  /**
   * Checks that the device is usable.
   *
   * @throws BackendLostError if the device is lost. BackendError if the device reported an error that was not thrown yet.
   */
  assertAlive(): void;
  /** Returns bytes on the device: those used by tensors, and all allocated ones, which include buffers kept for reuse. */
  memory(): { readonly used: number; readonly allocated: number };
  /** Frees the buffers that tfjs keeps for reuse, for example after a change of shapes. Returns the number of bytes freed. */
  trim(): number;
  /**
   * Compiles the shaders of `step` beforehand, in parallel, without running them: both tfjs's and the fused ones.
   *
   * `step` runs once, and its result is disposed. Pass a pure function such as `() => tf.variableGrads(loss)`, or a whole update
   * by an optimizer made for this purpose: `() => { const trial = new HookedOptimizer(options); trial.minimize(loss);
   * trial.dispose(); }`. Kernels only compile, and their outputs have no values. `step` must therefore not read a tensor, and
   * must not use an optimizer that trains later. Variables keep their values.
   *
   * @param onProgress is called with `done: 0` first, then after each shader.
   * @returns the number of shaders compiled.
   * @throws the error that `step` throws. If a shader does not compile, the device's error, once all other shaders are done; the
   * next step then tries to compile that shader again.
   */
  precompile(step: () => unknown, onProgress?: (progress: PrecompileProgress) => void): Promise<number>;
  /**
   * Waits for the submitted work, takes back all changes that `init` made and destroys the device.
   *
   * @throws BackendError at the end, for errors of the device that were not thrown yet.
   */
  dispose(): Promise<void>;
}

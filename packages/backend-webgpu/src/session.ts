/// <reference types="@webgpu/types" />
// The device is part of the interface, and lib.dom has no types for it. The version is that of tfjs-backend-webgpu.
import { missingTrainingKernels, openExclusive, type PrecompileProgress } from "@graftjs/backend";
import type { BackendLostError, BackendSession, Capabilities } from "@graftjs/core";
import { internals } from "./device/internals.ts";
import { liveBackend } from "./device/live-backend.ts";
import { type DeviceOptions, openDevice } from "./device/open.ts";
import { loadWebGPU } from "./device/peer.ts";
import { trimPool } from "./device/pool.ts";
import { watchDevice } from "./device/watch.ts";
import { kernels } from "./kernels/index.ts";
import type { Platform } from "./platform/platform.ts";
import { precompile } from "./precompile.ts";

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

/**
 * Opens a device and the session on it.
 *
 * @throws BackendError if the device cannot be opened, or if another WebGPU backend is running.
 */
export async function openSession(options: Required<DeviceOptions>, platform: Platform): Promise<WebGPUSession> {
  let description = "";
  const { backend, dispose } = await openExclusive({
    name: "webgpu",
    label: "WebGPU",
    priority: 3,
    kernels,
    async create(undo) {
      const opened = await openDevice(await platform.gpu(), options, platform.noAdapterFix);
      description = opened.description;
      const watch = watchDevice(opened.device);
      undo.add(() => {
        watch.closing();
        opened.device.destroy();
      });
      return liveBackend(await loadWebGPU(), opened.device, opened.info, watch);
    },
    async close({ watch }) {
      // Results may be wrong after these errors, and nothing would report them later.
      const errors = watch.settle();
      watch.closing();
      await errors;
    },
  });
  const { device, watch } = backend;
  const { bufferManager } = internals(backend);
  return {
    name: "webgpu",
    capabilities: capabilities(description),
    device,
    limits: device.limits,
    features: device.features as ReadonlySet<string>,
    errors: watch.errors,
    lost: watch.whenLost,
    assertAlive: watch.assertAlive,
    memory: () => ({ used: bufferManager.numBytesUsed, allocated: bufferManager.numBytesAllocated }),
    trim: () => trimPool(bufferManager),
    precompile: (step, onProgress) => precompile(internals(backend), step, onProgress),
    dispose,
  };
}

/** Returns the abilities of WebGPU, with the kernels that are registered at this moment. */
export function capabilities(description: string): Capabilities {
  return { missingKernels: missingTrainingKernels("webgpu"), floatBits: 32, syncRead: false, description };
}

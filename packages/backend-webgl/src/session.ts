import { missingTrainingKernels, openExclusive, type PrecompileProgress } from "@graftjs/backend";
import { BackendError, type BackendLostError, type BackendSession, type Capabilities } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { createCanvas, describeContext, loseContext } from "./context/canvas.ts";
import { liveBackend } from "./context/live-backend.ts";
import { loadWebGL } from "./context/peer.ts";
import { trimPool, textureBytes as usedBytes } from "./context/pool.ts";
import { floatBits } from "./context/precision.ts";
import { watchContext } from "./context/watch.ts";
import { trainingKernels } from "./kernels/index.ts";
import { precompile } from "./precompile.ts";

/** tfjs's flag for the bytes of all textures above which a freed one is deleted. tfjs's default is −1: never. */
const THRESHOLD = "WEBGL_DELETE_TEXTURE_THRESHOLD";

/** A WebGL backend that is current and ready. */
export interface WebGLSession extends BackendSession {
  /** The context. Losing it counts as a loss. */
  readonly gl: WebGLRenderingContext;
  /** Resolves with the error when the context is lost. Never settles after `dispose()`. */
  readonly lost: Promise<BackendLostError>;
  /** Checks that the context is usable. @throws BackendLostError if it is lost. */
  assertAlive(): void;
  /** Returns bytes of textures: those used by tensors, and all allocated ones, which include textures kept for reuse. */
  memory(): { readonly used: number; readonly allocated: number };
  /** Deletes the textures kept for reuse, for example after a change of shapes. Returns the number of bytes freed. */
  trim(): number;
  /**
   * Compiles the shaders of `step` beforehand, without running them and without blocking the page. Without this, the first step
   * blocks the page until all shaders are compiled. They are compiled in parallel if the browser supports that.
   *
   * `step` runs once, and its result is disposed. Pass a pure function such as `() => tf.variableGrads(loss)`, or a whole update
   * by an optimizer made for this purpose: `() => { const trial = new HookedOptimizer(options); trial.minimize(loss);
   * trial.dispose(); }`. Kernels only compile, and their outputs have no values. `step` must therefore not read a tensor, and
   * must not use an optimizer that trains later. Variables keep their values.
   *
   * @param onProgress is called with `done: 0` first, then after each shader.
   * @returns the number of shaders compiled.
   * @throws the error that `step` throws; BackendError if shaders do not compile, once all others are done; BackendLostError if
   * the context is lost meanwhile.
   */
  precompile(step: () => unknown, onProgress?: (progress: PrecompileProgress) => void): Promise<number>;
}

/**
 * Opens a context and the session on it.
 *
 * @param textureBytes bytes of all textures above which a freed one is deleted.
 * @throws BackendError if the context cannot be opened, or if another WebGL backend is running.
 */
export async function openSession(allowFloat16: boolean, textureBytes: number): Promise<WebGLSession> {
  let description = "";
  const { backend, dispose } = await openExclusive({
    name: "webgl",
    label: "WebGL",
    priority: 2,
    kernels: trainingKernels,
    async create(undo) {
      description = describeContext();
      const peer = await loadWebGL();
      const canvas = createCanvas();
      const live = liveBackend(peer, canvas, floatBits(allowFloat16), (gl) => watchContext(gl, canvas));
      undo.add(() => loseContext(live.gpgpu.gl));
      const threshold = tf.env().getNumber(THRESHOLD);
      undo.add(() => tf.env().set(THRESHOLD, threshold));
      tf.env().set(THRESHOLD, textureBytes);
      return live;
    },
    close(live) {
      live.watch.closing();
      live.abandon(
        new BackendError(
          "The WebGL session was disposed before this tensor was read.",
          "Await reads before dispose().",
        ),
      );
    },
  });
  const { gl } = backend.gpgpu;
  const { watch } = backend;
  return {
    name: "webgl",
    capabilities: capabilities(description, backend.floatPrecision()),
    gl,
    lost: watch.whenLost,
    assertAlive: () => watch.assertAlive(),
    memory: () => usedBytes(backend),
    trim: () => trimPool(backend),
    precompile: (step, onProgress) => precompile(backend, step, onProgress),
    dispose,
  };
}

/**
 * Returns the abilities of WebGL, with the kernels that are registered at this moment.
 *
 * @param promised kernels that a session will register. @default []
 */
export function capabilities(description: string, bits: 16 | 32, promised: readonly string[] = []): Capabilities {
  return { missingKernels: missingTrainingKernels("webgl", promised), floatBits: bits, syncRead: true, description };
}

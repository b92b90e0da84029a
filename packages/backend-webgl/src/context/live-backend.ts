import type { MathBackendWebGL } from "@tensorflow/tfjs-backend-webgl";
import type { BackendValues } from "@tensorflow/tfjs-core";
import type { ContextWatch } from "./watch.ts";

type Peer = typeof import("@tensorflow/tfjs-backend-webgl");
type RunProgram = MathBackendWebGL["runWebGLProgram"];

/** tfjs's backend that knows when its context is gone. */
export interface LiveBackend extends MathBackendWebGL {
  readonly watch: ContextWatch;
}

/**
 * Makes tfjs's backend on `canvas`, asking `watch` around every kernel and every read.
 *
 * @param floatBits precision of the textures. Stock `floatPrecision()` says 16 of a float32 device, and with it stock
 * optimizers take an epsilon of 1e-4 (tensorflow/tfjs#6980).
 */
export function liveBackend(
  peer: Peer,
  canvas: HTMLCanvasElement | OffscreenCanvas,
  floatBits: 16 | 32,
  watchOf: (gl: WebGLRenderingContext) => ContextWatch,
): LiveBackend {
  class Live extends peer.MathBackendWebGL implements LiveBackend {
    readonly watch: ContextWatch = watchOf(this.gpgpu.gl);

    override floatPrecision(): 16 | 32 {
      return floatBits;
    }

    override runWebGLProgram(...args: Parameters<RunProgram>): ReturnType<RunProgram> {
      return this.#alive(() => super.runWebGLProgram(...args));
    }

    override uploadToGPU(dataId: object): void {
      this.#alive(() => super.uploadToGPU(dataId));
    }

    override readSync(dataId: object): BackendValues {
      return this.#alive(() => super.readSync(dataId));
    }

    override async read(dataId: object): Promise<BackendValues> {
      this.watch.assertAlive();
      // A fence of a lost context never passes: stock tfjs would poll it for ever.
      const lost = this.watch.whenLost.then((error) => {
        (this.gpgpu as unknown as { itemsToPoll: unknown[] }).itemsToPoll = [];
        throw error;
      });
      try {
        const values = await Promise.race([super.read(dataId), lost]);
        this.watch.assertAlive();
        return values as BackendValues;
      } catch (cause) {
        this.watch.assertAlive(cause);
        throw cause;
      } finally {
        lost.catch(() => {});
      }
    }

    /** Runs `f`; what it throws or returns of a lost context is worth nothing. */
    #alive<T>(f: () => T): T {
      this.watch.assertAlive();
      try {
        return f();
      } catch (cause) {
        this.watch.assertAlive(cause);
        throw cause;
      }
    }
  }
  return new Live(canvas);
}

import type { MathBackendWebGL } from "@tensorflow/tfjs-backend-webgl";
import type { BackendValues } from "@tensorflow/tfjs-core";
import type { Peer } from "./peer.ts";
import type { ContextWatch } from "./watch.ts";

type RunProgram = MathBackendWebGL["runWebGLProgram"];

/** tfjs's backend, extended to notice that its context is lost. */
export interface LiveBackend extends MathBackendWebGL {
  readonly watch: ContextWatch;
  /** Ends the session that the backend belongs to. */
  retire?: () => Promise<void>;
  /** Rejects all pending reads. */
  abandon(reason: Error): void;
}

/**
 * Makes tfjs's backend on `canvas`. It checks the context before every kernel, and before and after every read. On a lost
 * context a kernel does nothing and a read returns zeros.
 *
 * @param floatBits precision of the textures. Stock `floatPrecision()` returns 16 on a float32 device, and stock optimizers then
 * use an epsilon of 1e-4 (tensorflow/tfjs#6980).
 */
export function liveBackend(
  peer: Peer,
  canvas: HTMLCanvasElement | OffscreenCanvas,
  floatBits: 16 | 32,
  watchOf: (gl: WebGLRenderingContext) => ContextWatch,
): LiveBackend {
  class Live extends peer.MathBackendWebGL implements LiveBackend {
    readonly watch: ContextWatch = watchOf(this.gpgpu.gl);
    retire?: () => Promise<void>;
    readonly #reads = new Set<(reason: Error) => void>();

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
      const values = this.#alive(() => super.readSync(dataId));
      this.watch.assertAlive();
      return values;
    }

    override async read(dataId: object): Promise<BackendValues> {
      this.watch.assertAlive();
      let reject: (reason: Error) => void = () => {};
      const abandoned = new Promise<never>((_, no) => {
        reject = no;
      });
      this.#reads.add(reject);
      try {
        const values = await Promise.race([super.read(dataId), abandoned]);
        this.watch.assertAlive();
        return values;
      } catch (cause) {
        this.watch.assertAlive(cause);
        throw cause;
      } finally {
        this.#reads.delete(reject);
      }
    }

    abandon(reason: Error): void {
      // A fence of a lost context never passes, and stock tfjs would poll it forever.
      (this.gpgpu as unknown as { itemsToPoll: unknown[] }).itemsToPoll = [];
      for (const reject of this.#reads) reject(reason);
    }

    /** Runs `f`. On a lost context its error says nothing useful, so a BackendLostError replaces it. */
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
  const live = new Live(canvas);
  void live.watch.whenLost.then((lost) => live.abandon(lost));
  return live;
}

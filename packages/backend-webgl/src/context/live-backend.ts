import type { MathBackendWebGL } from "@tensorflow/tfjs-backend-webgl";
import type { BackendValues } from "@tensorflow/tfjs-core";
import type { ContextWatch } from "./watch.ts";

type Peer = typeof import("@tensorflow/tfjs-backend-webgl");
type RunProgram = MathBackendWebGL["runWebGLProgram"];

/** tfjs's backend that knows when its context is gone. */
export interface LiveBackend extends MathBackendWebGL {
  readonly watch: ContextWatch;
  /** Ends the session that the backend belongs to. */
  retire?: () => Promise<void>;
  /** Rejects all reads that are under way. */
  abandon(reason: Error): void;
}

/**
 * Makes tfjs's backend on `canvas`, asking `watch` before every kernel, and before and after every read: a kernel on a
 * lost context does nothing, a read gives zeros.
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
      // A fence of a lost context never passes: stock tfjs would poll it for ever.
      (this.gpgpu as unknown as { itemsToPoll: unknown[] }).itemsToPoll = [];
      for (const reject of this.#reads) reject(reason);
    }

    /** Runs `f`; what it throws on a lost context is of no worth. */
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

import type { MathBackendWebGL } from "@tensorflow/tfjs-backend-webgl";

/** A compiled kernel of tfjs (4.20 – 4.22). If it was compiled beforehand, its locations are null until tfjs looks them up. */
export interface Program {
  readonly webGLProgram: WebGLProgram;
  readonly variablesLocations: object | null;
}

/** Members of tfjs's backend that tfjs declares private. */
interface StockPrograms {
  binaryCache: Record<string, Program>;
  getUniformLocations(): void;
  readonly gpgpu: { readonly parallelCompilationExtension?: { readonly COMPLETION_STATUS_KHR: number } | null };
}

/** Access to tfjs's compiled kernels. */
export interface Programs {
  /** Returns the programs that are being compiled, with their keys. */
  pending(): readonly (readonly [key: string, program: Program])[];
  /** Says whether the program's state can be read without waiting. If the browser cannot tell, returns true, and reading waits. */
  isReady(program: Program): boolean;
  /** Makes a compiled program ready to run. */
  finish(key: string, program: Program): void;
  /** Removes a program from tfjs's cache. */
  forget(key: string): void;
}

/** Returns access to the compiled kernels of `backend`. */
export function programsOf(backend: MathBackendWebGL): Programs {
  const stock = backend as unknown as StockPrograms;
  const { gl } = backend.gpgpu;
  return {
    pending: () =>
      Object.entries(stock.binaryCache).filter(([, { variablesLocations }]) => variablesLocations === null),
    isReady({ webGLProgram }) {
      const { parallelCompilationExtension: parallel } = stock.gpgpu;
      return !parallel || Boolean(gl.getProgramParameter(webGLProgram, parallel.COMPLETION_STATUS_KHR));
    },
    finish(key, program) {
      const all = stock.binaryCache;
      // tfjs looks up the locations of every program in its cache. With all programs in it, this would block until all are compiled.
      stock.binaryCache = { [key]: program };
      try {
        stock.getUniformLocations();
      } finally {
        stock.binaryCache = all;
      }
    },
    forget(key) {
      delete stock.binaryCache[key];
    },
  };
}

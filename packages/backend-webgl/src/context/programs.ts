import type { MathBackendWebGL } from "@tensorflow/tfjs-backend-webgl";

/** A compiled kernel of tfjs (4.20 – 4.22). Where it was compiled beforehand, it lacks its locations until they are asked for. */
export interface Program {
  readonly webGLProgram: WebGLProgram;
  readonly variablesLocations: object | null;
}

/** The members of tfjs's backend that it declares private. */
interface StockPrograms {
  binaryCache: Record<string, Program>;
  getUniformLocations(): void;
  readonly gpgpu: { readonly parallelCompilationExtension?: { readonly COMPLETION_STATUS_KHR: number } | null };
}

/** tfjs's compiled kernels. */
export interface Programs {
  /** Those on their way, by key. */
  pending(): readonly (readonly [key: string, program: Program])[];
  /** Whether asking for its state would not wait; where the browser cannot say, it does wait. */
  isReady(program: Program): boolean;
  /** Makes a compiled program one that runs. */
  finish(key: string, program: Program): void;
  forget(key: string): void;
}

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
      // tfjs asks for those of every program in its cache, which would stand still for as long as all of them together take.
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

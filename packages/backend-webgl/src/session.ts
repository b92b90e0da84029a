import type { BackendLostError, BackendSession } from "@graftjs/core";

/** A WebGL backend that is current and ready. */
export interface WebGLSession extends BackendSession {
  /** The context itself. Losing it is a loss. */
  readonly gl: WebGLRenderingContext;
  /** Resolves with the error once the context is lost; never after `dispose()`. */
  readonly lost: Promise<BackendLostError>;
  /** @throws BackendLostError where the context is lost. */
  assertAlive(): void;
  /** Bytes of textures: in use by tensors, and allocated with those kept for reuse. */
  memory(): { readonly used: number; readonly allocated: number };
  /** Deletes the textures kept for reuse; after a change of shapes. Returns bytes freed. */
  trim(): number;
}

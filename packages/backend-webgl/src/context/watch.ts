import { BackendLostError } from "@graftjs/core";

/** What has happened to a context. */
export interface ContextWatch {
  /** Set from the moment the context is gone. */
  readonly lost: BackendLostError | undefined;
  /** Resolves with the error once the context is lost; never, where it is closed on purpose. */
  readonly whenLost: Promise<BackendLostError>;
  /** `closing()` was called. */
  readonly closed: boolean;
  /** @throws BackendLostError where the context is lost, with `cause`: what an operation has thrown. */
  assertAlive(cause?: unknown): void;
  /** The context is about to be given up on purpose: no loss. */
  closing(): void;
}

/** Watches a WebGL context: tfjs itself only forgets a lost one, and training goes on with garbage. */
export function watchContext(gl: WebGLRenderingContext, canvas: EventTarget): ContextWatch {
  let lost: BackendLostError | undefined;
  let closed = false;
  let announce: (error: BackendLostError) => void = () => {};
  const whenLost = new Promise<BackendLostError>((resolve) => {
    announce = resolve;
  });
  const lose = (cause?: unknown): BackendLostError => {
    lost ??= new BackendLostError(
      "The WebGL context was lost.",
      "Its tensors are gone. Dispose the session, open a backend again, and go on from the last checkpoint.",
      { cause },
    );
    announce(lost);
    return lost;
  };
  canvas.addEventListener("webglcontextlost", () => {
    if (!closed) lose();
  });
  // The event comes after the running task; the context itself knows at once.
  const gone = (): boolean => lost !== undefined || (!closed && gl.isContextLost());
  return {
    get lost() {
      return gone() ? lose() : undefined;
    },
    get closed() {
      return closed;
    },
    whenLost,
    assertAlive(cause?: unknown): void {
      if (gone()) throw lose(cause);
    },
    closing(): void {
      closed = true;
    },
  };
}

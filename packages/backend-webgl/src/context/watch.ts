import { BackendLostError } from "@graftjs/core";

/** Watches over a context. */
export interface ContextWatch {
  /** The error, from the moment that the context is gone. */
  readonly lost: BackendLostError | undefined;
  /** Resolves with the error when the context is lost. Never settles if the context is closed on purpose. */
  readonly whenLost: Promise<BackendLostError>;
  /** Whether `closing()` was called. */
  readonly closed: boolean;
  /** @throws BackendLostError if the context is lost. `cause` is an error that an operation has thrown. */
  assertAlive(cause?: unknown): void;
  /** Announces that the context will be given up on purpose, which is not a loss. */
  closing(): void;
}

/** Watches a WebGL context. tfjs itself ignores a lost context, and training would continue with garbage. */
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
      "Its tensors are gone. Dispose the session, open a backend again, and continue from the last checkpoint.",
      { cause },
    );
    announce(lost);
    return lost;
  };
  canvas.addEventListener("webglcontextlost", () => {
    if (!closed) lose();
  });
  // Ask the context too, because the event comes only after the running task.
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

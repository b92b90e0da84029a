import { type Availability, BackendError } from "@graftjs/core";

/** A backend cannot open here. The error carries both parts of an adapter's answer: the reason and the fix. */
export class UnavailableError extends BackendError {
  override name = "UnavailableError";
  /** The reason without the backend's name, as a clause that starts in lower case. */
  readonly reason: string;

  /** @param backend name of the backend for people, e.g. "WebGPU". */
  constructor(backend: string, reason: string, fix: string, options?: ErrorOptions) {
    super(`${backend}: ${reason}.`, fix, options);
    this.reason = reason;
  }
}

/** Returns the answer of `availability()` for an error that was thrown while an adapter looked around. */
export function unavailable(error: unknown): Availability & { readonly ok: false } {
  if (error instanceof UnavailableError) return { ok: false, reason: error.reason, fix: error.hint };
  return { ok: false, reason: messageOf(error) };
}

/** Returns the message of anything that was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return (error as { readonly message?: string } | null | undefined)?.message ?? String(error);
}

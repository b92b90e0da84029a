/** A run that was under way failed: exit code 1. The message is the cause's. */
export class RunError extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = "RunError";
  }
}

import { BackendLostError, GraftError, NonFiniteError } from "@graftjs/core";

/** The command line, or a file that it names, is wrong: exit code 2, no stack trace. */
export class UsageError extends GraftError {
  override name = "UsageError";
}

/** Ctrl-C, SIGTERM or SIGHUP ended a run: no stack trace. */
export class Interrupted extends GraftError {
  override name = "Interrupted";
  readonly exitCode: ExitCode;
  /** @param exitCode 128 and the number of the signal, as shells count. */
  constructor(message: string, hint: string, exitCode: number) {
    super(message, hint);
    this.exitCode = exitCode as ExitCode;
  }
}

/** A run failed after its first step: exit code 1. The message is that of the cause. */
export class RunError extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = "RunError";
  }
}

/** 0: done. 1: a run failed. 2: the input is wrong and nothing was done. 129, 130, 143: stopped by SIGHUP, Ctrl-C or SIGTERM. */
export type ExitCode = 0 | 1 | 2 | 129 | 130 | 143;

/** Returns the exit code of a command that threw `error`. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof RunError || error instanceof NonFiniteError || error instanceof BackendLostError) return 1;
  return error instanceof GraftError ? 2 : 1;
}

import { BackendLostError, GraftError, NonFiniteError } from "@graftjs/core";
import { Interrupted } from "../run/interrupt.ts";
import { RunError } from "./run-error.ts";

/** Exit codes: 0 done, 1 a run failed, 2 the input is wrong and nothing was done, 130 stopped by Ctrl-C, as shells count it. */
export type ExitCode = 0 | 1 | 2 | 130;

/** What a command that threw ends with. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof Interrupted) return 130;
  if (error instanceof RunError || error instanceof NonFiniteError || error instanceof BackendLostError) return 1;
  return error instanceof GraftError ? 2 : 1;
}
